#include "experiment/experiment_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/parallel.h"
#include "experiment/experiment_options.h"
#include "results/settings_file.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

fs::path path_in(const fs::path& folder) { return folder / "experiment.json"; }

double seconds_in(const fs::path& folder) {
  if (!fs::exists(path_in(folder))) return 0;
  const auto json = Json::parse(read_file(path_in(folder)), nullptr, false);
  return json.is_object() && json.contains("seconds") && json["seconds"].is_number() ? json["seconds"].get<double>()
                                                                                     : 0;
}

Json json_of(const Option& option, const std::string& value) {
  if (option.values == OptionValues::none) return value == "true";
  return option.is_text ? Json(value) : Json::parse(value);
}

Json config_json(ExperimentSettings settings) {
  Json config = Json::object();
  for (const auto& option : options_of_all_studies(settings)) {
    Json values = Json::array();
    for (const auto& value : option.shown()) values.push_back(json_of(option, value));
    const bool is_list = option.values == OptionValues::list || option.values == OptionValues::rest;
    auto name = option.key();
    std::ranges::replace(name, '-', '_');
    config[name] = is_list || values.empty() ? values : values.front();
  }
  return config;
}

// What the study's own settings.json says of model and data; null before it has begun.
Json study_json(const fs::path& folder, const ExperimentModel& model, std::uint64_t seed) {
  const auto own_folder = study_folder({}, model.name, seed);
  Json json = {{"model", model.name}, {"seed", seed}, {"folder", own_folder.string()}};
  const auto recorded = read_settings(folder / own_folder);
  json["model_sha256"] = recorded ? Json(recorded->measurement.at("model")) : Json();
  json["data_sha256"] = recorded ? Json(recorded->data) : Json();
  return json;
}

}  // namespace

ExperimentRecord::ExperimentRecord(ExperimentSettings settings, fs::path folder)
    : settings_(std::move(settings)),
      folder_(std::move(folder)),
      start_(Clock::now()),
      written_(start_),
      earlier_seconds_(seconds_in(folder_)) {}

double ExperimentRecord::seconds() const {
  return earlier_seconds_ + std::chrono::duration<double>(Clock::now() - start_).count();
}

void ExperimentRecord::write() {
  written_ = Clock::now();
  Json models = Json::array();
  Json studies = Json::array();
  for (const auto& model : settings_.models) {
    models.push_back({{"name", model.name}, {"path", model.path.string()}});
    for (const auto seed : settings_.seeds) studies.push_back(study_json(folder_, model, seed));
  }
  const Json json = {{"config", config_json(settings_)},
                     {"models", models},
                     {"seeds", settings_.seeds},
                     {"studies", studies},
                     {"w2s", std::string(version())},
                     {"llama.cpp", std::string(llama_version())},
                     {"machine", machine_description()},
                     {"threads", thread_count(settings_.study.threads)},
                     {"seconds", seconds()}};
  write_file(path_in(folder_), json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void ExperimentRecord::keep_current() {
  if (Clock::now() - written_ > std::chrono::minutes(1)) write();
}

}  // namespace w2s
