#include "experiment/experiment_record.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "results/settings_file.h"
#include "w2s/file.h"
#include "w2s/parallel.h"
#include "w2s/version.h"

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

template <typename Values>
Json names_of(const Values& values) {
  Json names = Json::array();
  for (const auto& value : values) names.push_back(std::string(to_string(value)));
  return names;
}

Json config_json(const ExperimentSettings& settings) {
  const auto& study = settings.study;
  return {{"data", study.data},
          {"behaviors", study.selection.behaviors},
          {"limit", study.selection.limit},
          {"variants", names_of(study.variants)},
          {"variants_at_all_layers", study.variants_at_all_layers},
          {"methods", study.methods},
          {"operator", std::string(to_string(study.operation))},
          {"layers", study.layers},
          {"multipliers", study.multipliers},
          {"context_layers", study.context_layers},
          {"l2s_learning_rates", study.method_options.learning_rates},
          {"l2s_hidden_width", study.method_options.hidden_width},
          {"l2s_max_epochs", study.method_options.max_epochs},
          {"encoder", study.encoder},
          {"embed_with", study.text_encoders},
          {"compare_encoders", settings.compares_encoders},
          {"objectives", names_of(study.objectives)},
          {"top_k", study.top_k},
          {"folds", study.predictor.folds},
          {"predictor_seeds", study.predictor.seeds},
          {"learning_rates", study.predictor.grid.learning_rates},
          {"hidden_widths", study.predictor.grid.hidden_widths},
          {"hidden_layers", study.predictor.grid.hidden_layers},
          {"weight_decays", study.predictor.grid.weight_decays}};
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
                     {"threads", thread_count(settings_.study.decoder.threads)},
                     {"seconds", seconds()}};
  write_file(path_in(folder_), json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void ExperimentRecord::keep_current() {
  if (Clock::now() - written_ > std::chrono::minutes(1)) write();
}

}  // namespace w2s
