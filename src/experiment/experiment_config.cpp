#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "experiment/config_value.h"
#include "experiment/experiment_options.h"
#include "w2s/base.h"
#include "w2s/experiment.h"
#include "w2s/study.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

ConfigKey key_of(Option option) {
  auto name = option.key();
  return {.name = std::move(name),
          .read = [own = std::move(option)](const ConfigValue& value) { value.read_into(own); }};
}

// It becomes a folder.
ValueType<std::string> model_name() {
  auto type = any_text("NAME");
  type.parse = [](const std::string& name) {
    const bool is_file_name = name.find_first_of("/\\") == std::string::npos && !name.starts_with('.');
    if (!is_file_name || name == "tables")
      throw Error(ErrorKind::usage, fmt::format("'{}' cannot be the name of a folder here", name));
    return name;
  };
  return type;
}

std::vector<ConfigKey> keys_of(ExperimentModel& model) {
  const auto own = options_of_a_model(model);
  std::vector<ConfigKey> keys = {key_of(option("--name", model.name, model_name(), "In tables and of its folder")),
                                 key_of(option("--path", model.path, any_path("FILE"), "The model"))};
  std::ranges::transform(own, std::back_inserter(keys), key_of);
  auto& shape = model.shape;
  keys.push_back(key_of(option("--parameters", shape.parameters, any_count(1), "To plan with")));
  keys.push_back(key_of(option("--layers", shape.layers, any_count(1), "To plan with")));
  keys.push_back(key_of(option("--width", shape.width, any_count(1), "To plan with")));
  keys.push_back(key_of(option("--tokenizer", model.tokenizer, any_path("FILE"), "To plan with")));
  return keys;
}

ExperimentModel as_model(const ConfigValue& value) {
  ExperimentModel model;
  read_keys(value.table(), keys_of(model), value.file());
  if (model.name.empty()) value.refuse("has no name");
  const auto& shape = model.shape;
  const std::array<bool, 4> planning = {shape.parameters > 0, shape.layers > 0, shape.width > 0,
                                        !model.tokenizer.empty()};
  const auto given = std::ranges::count(planning, true);
  if (given != 0 && given != std::ssize(planning))
    value.refuse("to plan with a model that is not there, give all of parameters, layers, width and tokenizer");
  if (model.path.empty() && given == 0) value.refuse("has no path");
  return model;
}

std::vector<ExperimentModel> as_models(const ConfigValue& value) {
  std::vector<ExperimentModel> models;
  for (const auto& table : value.tables()) {
    auto model = as_model(table);
    if (std::ranges::find(models, model.name, &ExperimentModel::name) != models.end())
      table.refuse(fmt::format("two models have the name {}", model.name));
    models.push_back(std::move(model));
  }
  return models;
}

toml::table parse_toml(const fs::path& path) {
  const auto text = read_file(path);
  try {
    return toml::parse(text, path.string());
  } catch (const toml::parse_error& error) {
    throw Error(ErrorKind::usage, fmt::format("{}:{}: not valid TOML: {}", path.string(), error.source().begin.line,
                                              error.description()));
  }
}

}  // namespace

ExperimentSettings read_experiment(const fs::path& path) {
  const auto table = parse_toml(path);
  ExperimentSettings settings;
  std::vector<ConfigKey> keys = {
      key_of(option("--output", settings.output, any_path("DIR"), "The experiment's folder")),
      {.name = "models", .read = [&](const ConfigValue& value) { settings.models = as_models(value); }},
      key_of(option("--seeds", settings.seeds, any_count(), "A study each"))};
  for (const auto& option : options_of_all_studies(settings)) keys.push_back(key_of(option));
  read_keys(table, keys, path);
  const auto missing = [&](std::string_view what) {
    throw Error(ErrorKind::usage, fmt::format("{}: says no {}", path.string(), what));
  };
  if (settings.models.empty()) missing("models: begin each with [[models]], and give it a name and a path");
  if (settings.study.data.empty()) missing("data");
  for (auto& model : settings.models) model.options.rpc_servers = settings.study.model_options.rpc_servers;
  return settings;
}

void keep_model(ExperimentSettings& settings, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& model : settings.models) names.push_back(model.name);
  std::erase_if(settings.models, [&](const auto& model) { return model.name != name; });
  if (settings.models.empty())
    throw Error(ErrorKind::usage,
                fmt::format("the experiment has no model '{}'; there are: {}", name, fmt::join(names, ", ")));
}

void keep_seed(ExperimentSettings& settings, std::uint64_t seed) {
  if (std::ranges::find(settings.seeds, seed) == settings.seeds.end())
    throw Error(ErrorKind::usage,
                fmt::format("the experiment has no seed {}; there are: {}", seed, fmt::join(settings.seeds, ", ")));
  settings.seeds = {seed};
}

}  // namespace w2s
