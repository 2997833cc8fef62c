#include "study/fitted_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "w2s/base.h"
#include "w2s/vectors.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool any_looks_at_prompt(std::span<const std::string> methods) {
  return std::ranges::any_of(methods, [](const auto& name) { return steering_method(name).looks_at_prompt; });
}

// What methods learn from.
class TrainingSamples {
 public:
  TrainingSamples(const PreparedBehavior& prepared, PromptReaders readers, RepresentationRequest request,
                  const fs::path& work_folder)
      : readers_(readers),
        request_(std::move(request)),
        parts_{
            {{.tokens = prepared.base_tokens(prepared.split.train), .work_folder = work_folder / "train"},
             {.tokens = prepared.base_tokens(prepared.split.validation), .work_folder = work_folder / "validation"}}} {}

  /// A share of them into the work folder.
  void read(Share share, const Job& job) const {
    for (const auto& [tokens, folder] : parts_)
      if (!tokens.empty()) read_share_of_representations(readers_, tokens, request_, share, folder, job);
  }

  [[nodiscard]] MethodTraining read(const Job& job) const {
    const auto read_part = [&](const Part& part) {
      if (part.tokens.empty()) return RepresentationSet{};
      return read_representations(readers_, part.tokens, request_, job, part.work_folder);
    };
    return {.train = read_part(parts_[0]), .validation = read_part(parts_[1])};
  }

 private:
  struct Part {
    std::vector<TokenizedSample> tokens;
    fs::path work_folder;
  };

  PromptReaders readers_;
  RepresentationRequest request_;
  std::array<Part, 2> parts_;  // train, validation
};

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
                                                          const MethodOptions& options, const SampleReading& reading,
                                                          Ranks& ranks, const Job& job) {
  const auto& model = reading.readers.front()->model().info();
  const auto path_of = [&](std::size_t method) { return folder.vectors(name_in_files(methods, method)); };
  const fs::path work_folder = folder.root / "fitting";
  // The first rank alone looks: over a network, a file that was looked for before it was made may stay hidden.
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; ranks.is_first() && i < methods.size(); ++i)
    if (!fs::exists(path_of(i))) missing.push_back(i);

  const bool learns = ranks.first_says(
      std::ranges::any_of(missing, [&](std::size_t method) { return steering_method(methods[method]).learns; }), job);
  MethodTraining training;
  if (learns) {
    RepresentationRequest request{.shared_prefix = reading.shared_prefix, .mean_layers = reading.mean_layers};
    if (any_looks_at_prompt(methods)) request.prompt_layers = options.context_layers;
    const TrainingSamples samples(prepared, reading.readers, std::move(request), work_folder);
    if (!ranks.share().is_whole()) {
      samples.read(ranks.share(), job);
      ranks.meet(job);
    }
    if (ranks.is_first()) training = samples.read(job);
  }
  training.info = info_for(prepared, model);

  for (const std::size_t method : missing) {
    auto own_options = options;
    own_options.work_folder = work_folder / methods[method];
    write_vector_source(path_of(method), *fit_method(steering_method(methods[method]), training, own_options, job));
  }
  if (ranks.is_first()) {
    std::error_code ignored;  // what is left over is only of use until now
    fs::remove_all(work_folder, ignored);
  }
  ranks.meet(job);

  std::vector<std::unique_ptr<VectorSource>> sources;
  for (std::size_t i = 0; i < methods.size(); ++i)
    check_fits(*sources.emplace_back(read_vector_source(path_of(i))), model);
  return sources;
}

}  // namespace w2s
