// Learn to steer (Parekh et al., 2025; the paper's equation 4): a network for each layer predicts the input's own
// difference from its representation at a context layer.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/values.h"
#include "vectors/l2s_coordinates.h"
#include "vectors/l2s_training.h"
#include "vectors/methods/methods.h"
#include "w2s/base.h"

namespace w2s::methods {
namespace {

using l2s::Network;

constexpr std::string_view file_architecture = "w2s-l2s";
constexpr std::string_view context_layer_key = "w2s.l2s.context_layer";
constexpr std::size_t max_hidden_width = 1U << 16U;

class L2sSource final : public VectorSource {
 public:
  L2sSource(SourceInfo info, std::size_t context_layer, std::vector<Network> networks)
      : VectorSource(std::move(info)), context_layer_(context_layer), networks_(std::move(networks)) {}

  [[nodiscard]] PromptNeeds needs() const override { return {.last = {context_layer_}}; }

  [[nodiscard]] std::vector<float> vector(std::size_t layer, const PromptReading& input) const override {
    return networks_[layer](input.last.at(context_layer_));
  }

  [[nodiscard]] TensorFile to_file() const override {
    auto file = l2s::stack(networks_);
    file.metadata["general.architecture"] = std::string(file_architecture);
    file.metadata[std::string(context_layer_key)] = static_cast<std::int64_t>(context_layer_);
    return file;
  }

 private:
  std::size_t context_layer_;
  std::vector<Network> networks_;  // by layer
};

void check_options(const MethodOptions& options) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorKind::usage, why); };
  if (options.learning_rates.empty()) refuse("l2s needs at least one learning rate");
  for (const double rate : options.learning_rates)
    if (!std::isfinite(rate) || rate <= 0) refuse(fmt::format("the learning rate {} is not above 0", rate));
  if (options.hidden_width == 0 || options.hidden_width > max_hidden_width)
    refuse(fmt::format("the hidden width {} is not within 1-{}", options.hidden_width, max_hidden_width));
  if (options.max_epochs == 0) refuse("l2s needs at least 1 epoch");
}

void check_samples(const RepresentationSet& set, std::string_view split) {
  const auto refuse = [&](std::string_view why) {
    throw Error(ErrorKind::vectors, fmt::format("l2s cannot learn from the {} samples: {}", split, why));
  };
  if (set.samples == 0) refuse("there are none");
  if (!all_finite(set.differences) || !all_finite(set.prompts)) refuse("their representations contain NaN or infinity");
}

void check_candidate(const RepresentationSet& set, std::size_t context_layer) {
  if (context_layer >= set.layers) {
    throw Error(ErrorKind::usage, fmt::format("context layer {} is out of range: the model has {} layers, 0 to {}",
                                              context_layer, set.layers, set.layers - 1));
  }
  const bool was_read = l2s::prompt_index(set, context_layer) < set.prompt_layers.size() &&
                        set.prompts.size() == set.samples * set.prompt_layers.size() * set.width;
  if (!was_read) {
    throw Error(ErrorKind::usage, fmt::format("the prompts' representations at context layer {} (of {} layers) were "
                                              "not read",
                                              context_layer, set.layers));
  }
}

// In the order given, each once.
std::vector<std::size_t> checked_candidates(const MethodTraining& training) {
  if (training.train.prompt_layers.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("l2s needs a context layer, one of the model's {}", training.train.layers));
  }
  std::vector<std::size_t> candidates;
  for (const std::size_t layer : training.train.prompt_layers) {
    check_candidate(training.train, layer);
    check_candidate(training.validation, layer);
    if (std::ranges::find(candidates, layer) == candidates.end()) candidates.push_back(layer);
  }
  return candidates;
}

double relative_error(const Network& network) {
  return network.mean_error > 0 ? static_cast<double>(network.error) / static_cast<double>(network.mean_error) : 1;
}

struct ContextCandidate {
  std::size_t layer = 0;
  double relative_error = 0;  // validation error over that of the mean difference, mean over a few steering layers
};

std::vector<ContextCandidate> compare_contexts(l2s::NetworkTrainer& trainer, std::span<const std::size_t> candidates,
                                               std::size_t layers, const Job& job) {
  const auto steering_layers = default_context_layers(layers);
  std::vector<l2s::NetworkKey> wanted;
  for (const std::size_t layer : steering_layers)  // outermost: a layer's targets are prepared once
    for (const std::size_t context_layer : candidates) wanted.push_back({context_layer, layer});
  trainer.train("l2s context layer", wanted, job);

  std::vector<ContextCandidate> compared;
  for (const std::size_t context_layer : candidates) {
    double sum = 0;
    for (const std::size_t layer : steering_layers) sum += relative_error(trainer.network({context_layer, layer}));
    compared.push_back({context_layer, sum / static_cast<double>(steering_layers.size())});
  }
  return compared;
}

std::string describe(std::span<const ContextCandidate> candidates) {
  std::string text;
  for (const auto& [layer, error] : candidates)
    text += fmt::format("{}{}: {:.4f}", text.empty() ? "" : ", ", layer, error);
  return text;
}

// How often each learning rate won: one at the end of the list that wins everywhere asks for more beyond it.
std::string describe_learning_rates(std::span<const Network> networks, std::span<const double> rates) {
  std::string text;
  for (const double rate : rates) {
    const auto layers = std::ranges::count(networks, static_cast<float>(rate), &Network::learning_rate);
    text += fmt::format("{}{:g}: {}", text.empty() ? "" : ", ", rate, layers);
  }
  return text;
}

std::size_t choose_context(l2s::NetworkTrainer& trainer, std::span<const std::size_t> candidates, SourceInfo& info,
                           const Job& job) {
  if (candidates.size() == 1) return candidates.front();
  const auto compared = compare_contexts(trainer, candidates, info.layers, job);
  info.notes["context layers' errors relative to the mean difference's"] = describe(compared);
  return std::ranges::min_element(compared, {}, &ContextCandidate::relative_error)->layer;
}

std::vector<Network> train_all_layers(l2s::NetworkTrainer& trainer, std::size_t context_layer, std::size_t layers,
                                      const Job& job) {
  std::vector<l2s::NetworkKey> wanted;
  for (std::size_t layer = 0; layer < layers; ++layer) wanted.push_back({context_layer, layer});
  trainer.train("l2s", wanted, job);
  std::vector<Network> networks;
  for (const auto& key : wanted) networks.push_back(trainer.network(key));
  return networks;
}

std::unique_ptr<VectorSource> fit(const MethodTraining& training, const MethodOptions& options, const Job& job) {
  check_options(options);
  check_samples(training.train, "training");
  check_samples(training.validation, "validation");
  const auto candidates = checked_candidates(training);

  auto info = training.info;
  info.layers = training.train.layers;
  info.width = training.train.width;
  l2s::NetworkTrainer trainer(training, options);
  const std::size_t context_layer = choose_context(trainer, candidates, info, job);
  auto networks = train_all_layers(trainer, context_layer, info.layers, job);

  info.notes["context layer"] = std::to_string(context_layer);
  info.notes["hidden width"] = std::to_string(options.hidden_width);
  info.notes["layers by learning rate"] = describe_learning_rates(networks, options.learning_rates);
  const auto better = std::ranges::count_if(networks, [](const auto& network) { return network.learning_rate > 0; });
  info.notes["layers better than the mean difference"] = fmt::format("{} of {}", better, info.layers);
  return std::make_unique<L2sSource>(std::move(info), context_layer, std::move(networks));
}

std::unique_ptr<VectorSource> read(const TensorFile& file, SourceInfo info) {
  auto networks = l2s::unstack(file, info.layers, info.width);
  const auto* layer = find_value<std::int64_t>(file, context_layer_key);
  if (layer == nullptr) throw Error(ErrorKind::vectors, "does not say which context layer it looks at");
  if (*layer < 0 || static_cast<std::size_t>(*layer) >= info.layers) {
    throw Error(ErrorKind::vectors,
                fmt::format("looks at context layer {}, but is for a model of {} layers", *layer, info.layers));
  }
  return std::make_unique<L2sSource>(std::move(info), static_cast<std::size_t>(*layer), std::move(networks));
}

}  // namespace

SteeringMethod l2s() {
  return {.name = "l2s",
          .summary = "learn to steer, a network that predicts each input's difference from its prompt",
          .looks_at_prompt = true,
          .needs_validation = true,
          .fixed_layer_by = "oracle",
          .fit = &fit,
          .file_architecture = file_architecture,
          .read = &read};
}

}  // namespace w2s::methods
