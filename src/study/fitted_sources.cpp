#include "study/fitted_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "w2s/error.h"
#include "w2s/steering_methods.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool any_looks_at_prompt(std::span<const std::string> methods) {
  return std::ranges::any_of(methods, [](const auto& name) { return steering_method(name).looks_at_prompt; });
}

MethodTraining read_training(const PreparedBehavior& prepared, std::span<const std::size_t> prompt_layers,
                             std::span<Decoder> decoders, const fs::path& work_folder, const Job& job) {
  const auto read = [&](const std::vector<std::size_t>& samples, const char* name) {
    if (samples.empty()) return RepresentationSet{};
    return read_representations(decoders, prepared.base_tokens(samples), prompt_layers, job, work_folder / name);
  };
  return {.train = read(prepared.split.train, "train"), .validation = read(prepared.split.validation, "validation")};
}

SourceInfo info_for(const PreparedBehavior& prepared, const ModelInfo& model) {
  return {.model_architecture = model.architecture,
          .layers = model.layers,
          .width = model.width,
          .notes = {{"behavior", prepared.behavior.name},
                    {"samples", fmt::format("{} (training split)", prepared.split.train.size())},
                    {"data", content_hash(prepared.behavior)}}};
}

}  // namespace

std::vector<std::string> methods_to_sweep(std::span<const std::string> asked) {
  if (asked.empty()) throw Error(ErrorKind::usage, "name at least one method");
  std::vector<std::string> methods;
  for (const auto& name : asked) {
    static_cast<void>(steering_method(name));
    if (contains(methods, name)) throw Error(ErrorKind::usage, fmt::format("the method {} is named twice", name));
    methods.push_back(name);
  }
  for (const auto& name : asked) {
    const auto by = steering_method(name).fixed_layer_by;
    if (!by.empty() && !contains(methods, by)) methods.emplace_back(by);
  }
  return methods;
}

std::map<std::string, std::string> describe_method_options(std::span<const std::string> methods,
                                                           const MethodOptions& options) {
  std::map<std::string, std::string> texts;
  if (any_looks_at_prompt(methods)) texts["context layers"] = fmt::format("{}", fmt::join(options.context_layers, ","));
  if (contains(methods, "l2s")) {
    texts["l2s"] = fmt::format("learning rates {}; hidden width {}; epochs {}", fmt::join(options.learning_rates, ","),
                               options.hidden_width, options.max_epochs);
  }
  return texts;
}

std::vector<std::unique_ptr<VectorSource>> fitted_sources(const BehaviorFolder& folder,
                                                          const PreparedBehavior& prepared,
                                                          std::span<const std::string> methods,
                                                          const MethodOptions& options, std::span<Decoder> decoders,
                                                          const Job& job) {
  const auto& model = decoders.front().model().info();
  const auto path_of = [&](std::size_t method) { return folder.vectors(name_in_files(methods, method)); };
  const fs::path work_folder = folder.root / "fitting";
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < methods.size(); ++i)
    if (!fs::exists(path_of(i))) missing.push_back(methods[i]);

  MethodTraining training;
  const bool any_learns = std::ranges::any_of(missing, [](const auto& name) { return steering_method(name).learns; });
  if (any_learns) {
    const auto prompt_layers = any_looks_at_prompt(methods) ? options.context_layers : std::vector<std::size_t>{};
    training = read_training(prepared, prompt_layers, decoders, work_folder, job);
  }
  training.info = info_for(prepared, model);

  std::vector<std::unique_ptr<VectorSource>> sources;
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (!contains(missing, methods[i])) {
      check_fits(*sources.emplace_back(read_vector_source(path_of(i))), model);
      continue;
    }
    auto own_options = options;
    own_options.work_folder = work_folder / methods[i];
    sources.push_back(fit_method(steering_method(methods[i]), training, own_options, job));
    write_vector_source(path_of(i), *sources.back());
  }
  std::error_code ignored;  // what is left over is only of use until now
  fs::remove_all(work_folder, ignored);
  return sources;
}

}  // namespace w2s
