#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "experiment/config_value.h"
#include "w2s/experiment.h"
#include "w2s/file.h"
#include "w2s/prompt_variant.h"
#include "w2s/steering_methods.h"
#include "w2s/sweep_plan.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

std::string as_text(const ConfigValue& value) { return value.text(); }
double as_positive_number(const ConfigValue& value) { return value.positive_number(); }
std::size_t as_positive_count(const ConfigValue& value) { return value.count(1); }

int as_int(const ConfigValue& value, std::int64_t least) {
  const auto count = value.count(least);
  if (count > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) value.refuse("is too large");
  return static_cast<int>(count);
}

std::string as_method(const ConfigValue& value) {
  return std::string(value.parsed([](const auto& name) { return steering_method(name).name; }));
}

Objective as_objective(const ConfigValue& value) { return value.parsed(parse_objective); }

// What `--data` takes: a path, or the name of data that w2s carries.
std::string as_data(const ConfigValue& value) {
  return value.text().starts_with("builtin:") ? value.text() : value.path().string();
}

// What `--encoder` takes: an embedding model's file is relative to the configuration.
std::string as_encoder(const ConfigValue& value) {
  constexpr std::string_view prefix = "gguf:";
  auto name = value.text();
  if (!name.starts_with(prefix)) return name;
  return std::string(prefix) + (value.file().parent_path() / name.substr(prefix.size())).string();
}

std::vector<PromptVariant> as_variants(const ConfigValue& value) {
  const auto values = value.list();
  if (values.size() == 1 && values.front().text() == "all") return {prompt_variants().begin(), prompt_variants().end()};
  return value.each([](const ConfigValue& name) { return name.parsed(parse_prompt_variant); });
}

// As parse_layers takes them; which layers there are is only known with a model.
std::string as_layers(const ConfigValue& value) {
  auto layers = fmt::format("{}", fmt::join(value.each(as_text), ","));
  if (layers == "all") return "";
  static_cast<void>(value.each([](const ConfigValue& part) {
    return part.parsed([](const auto& text) { return parse_layers(text, std::numeric_limits<std::int32_t>::max()); });
  }));
  return layers;
}

std::vector<float> as_multipliers(const ConfigValue& value) {
  const auto numbers = value.each([](const ConfigValue& number) { return number.number(); });
  try {
    return parse_multipliers(fmt::format("{}", fmt::join(numbers, ",")));
  } catch (const Error& error) {
    value.refuse(error.what());
  }
}

bool says_all_layers(const ConfigValue& value) {
  const auto text = value.text();
  if (text != "needed" && text != "all") value.refuse("must be \"needed\" or \"all\"");
  return text == "all";
}

// It becomes a folder.
std::string as_model_name(const ConfigValue& value) {
  const auto name = value.text();
  const bool is_file_name = name.find_first_of("/\\") == std::string::npos && !name.starts_with('.');
  if (!is_file_name || name == "tables") value.refuse(fmt::format("'{}' cannot be the name of a folder here", name));
  return name;
}

// Keys are called as the options of `w2s run`, but for those that these would be ambiguous with.
constexpr std::array model_keys = {
    ConfigKey<ExperimentModel>{"name", [](auto& model, const auto& value) { model.name = as_model_name(value); }},
    ConfigKey<ExperimentModel>{"path", [](auto& model, const auto& value) { model.path = value.path(); }},
    ConfigKey<ExperimentModel>{"gpu-layers",
                               [](auto& model, const auto& value) { model.options.gpu_layers = as_int(value, -1); }},
    ConfigKey<ExperimentModel>{
        "chat-template-file",
        [](auto& model, const auto& value) { model.options.chat_template = read_file(value.path()); }},
    ConfigKey<ExperimentModel>{"parameters",
                               [](auto& model, const auto& value) { model.shape.parameters = value.count(1); }},
    ConfigKey<ExperimentModel>{"layers", [](auto& model, const auto& value) { model.shape.layers = value.count(1); }},
    ConfigKey<ExperimentModel>{"width", [](auto& model, const auto& value) { model.shape.width = value.count(1); }},
    ConfigKey<ExperimentModel>{"tokenizer", [](auto& model, const auto& value) { model.tokenizer = value.path(); }},
};

ExperimentModel as_model(const ConfigValue& value) {
  ExperimentModel model;
  read_keys<ExperimentModel>(value.table(), model_keys, model, value.file());
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

using Experiment = ExperimentSettings;
using Value = ConfigValue;

constexpr std::array experiment_keys = {
    ConfigKey<Experiment>{"output", [](auto& e, const Value& v) { e.output = v.path(); }},
    ConfigKey<Experiment>{"models", [](auto& e, const Value& v) { e.models = as_models(v); }},
    ConfigKey<Experiment>{
        "seeds", [](auto& e, const Value& v) { e.seeds = v.each([](const Value& seed) { return seed.count(0); }); }},
    ConfigKey<Experiment>{"data", [](auto& e, const Value& v) { e.study.data = v.each(as_data); }},
    ConfigKey<Experiment>{"behaviors",
                          [](auto& e, const Value& v) { e.study.selection.behaviors = v.each(as_text); }},
    ConfigKey<Experiment>{"limit", [](auto& e, const Value& v) { e.study.selection.limit = v.count(0); }},
    ConfigKey<Experiment>{"variants", [](auto& e, const Value& v) { e.study.variants = as_variants(v); }},
    ConfigKey<Experiment>{"variant-layers",
                          [](auto& e, const Value& v) { e.study.variants_at_all_layers = says_all_layers(v); }},
    ConfigKey<Experiment>{"methods", [](auto& e, const Value& v) { e.study.methods = v.each(as_method); }},
    ConfigKey<Experiment>{"context-layers", [](auto& e, const Value& v) { e.study.context_layers = as_layers(v); }},
    ConfigKey<Experiment>{
        "l2s-learning-rates",
        [](auto& e, const Value& v) { e.study.method_options.learning_rates = v.each(as_positive_number); }},
    ConfigKey<Experiment>{"l2s-hidden-width",
                          [](auto& e, const Value& v) { e.study.method_options.hidden_width = v.count(1); }},
    ConfigKey<Experiment>{"l2s-max-epochs",
                          [](auto& e, const Value& v) { e.study.method_options.max_epochs = v.count(1); }},
    ConfigKey<Experiment>{"layers", [](auto& e, const Value& v) { e.study.layers = as_layers(v); }},
    ConfigKey<Experiment>{"multipliers", [](auto& e, const Value& v) { e.study.multipliers = as_multipliers(v); }},
    ConfigKey<Experiment>{"operator",
                          [](auto& e, const Value& v) { e.study.operation = v.parsed(parse_steering_operator); }},
    ConfigKey<Experiment>{"ctx-size", [](auto& e, const Value& v) { e.study.decoder.context = v.count(0); }},
    ConfigKey<Experiment>{"encoder", [](auto& e, const Value& v) { e.study.encoder = as_encoder(v); }},
    ConfigKey<Experiment>{"embed-with", [](auto& e, const Value& v) { e.study.text_encoders = v.each(as_encoder); }},
    ConfigKey<Experiment>{"compare-encoders", [](auto& e, const Value& v) { e.compares_encoders = v.flag(); }},
    ConfigKey<Experiment>{"objectives", [](auto& e, const Value& v) { e.study.objectives = v.each(as_objective); }},
    ConfigKey<Experiment>{"top-k", [](auto& e, const Value& v) { e.study.top_k = v.each(as_positive_count); }},
    ConfigKey<Experiment>{"folds", [](auto& e, const Value& v) { e.study.predictor.folds = v.count(2); }},
    ConfigKey<Experiment>{"predictor-seeds", [](auto& e, const Value& v) { e.study.predictor.seeds = v.count(1); }},
    ConfigKey<Experiment>{
        "learning-rates",
        [](auto& e, const Value& v) { e.study.predictor.grid.learning_rates = v.each(as_positive_number); }},
    ConfigKey<Experiment>{
        "hidden-widths",
        [](auto& e, const Value& v) { e.study.predictor.grid.hidden_widths = v.each(as_positive_count); }},
    ConfigKey<Experiment>{"hidden-layers",
                          [](auto& e, const Value& v) {
                            e.study.predictor.grid.hidden_layers =
                                v.each([](const Value& layers) { return std::size_t{layers.count(0)}; });
                          }},
    ConfigKey<Experiment>{"weight-decays",
                          [](auto& e, const Value& v) {
                            e.study.predictor.grid.weight_decays = v.each([](const Value& decay) {
                              if (decay.number() < 0) decay.refuse("must be 0 at least");
                              return decay.number();
                            });
                          }},
};

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
  read_keys<Experiment>(table, experiment_keys, settings, path);
  const auto missing = [&](std::string_view what) {
    throw Error(ErrorKind::usage, fmt::format("{}: says no {}", path.string(), what));
  };
  if (settings.models.empty()) missing("models: begin each with [[models]], and give it a name and a path");
  if (settings.study.data.empty()) missing("data");
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
