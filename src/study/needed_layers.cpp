#include "study/needed_layers.h"

#include "w2s/predictor.h"

namespace w2s {
namespace {

std::optional<std::size_t> index_of_encoder(const SweepStoreHeader& header, const std::string& name) {
  for (std::size_t i = 0; i < header.encoders.size(); ++i)
    if (to_string(header.encoders[i]) == name) return i;
  return std::nullopt;
}

}  // namespace

NeededLayers::NeededLayers(const BehaviorResults& behavior) {
  const auto& header = behavior.header();
  for (std::size_t method = 0; method < header.methods.size(); ++method) {
    const auto& predictors = behavior.predictors(method);
    const auto fitting = behavior.steerability(PromptVariant::base, fitting_parts, method);
    for (const std::size_t layer : layers_of_baselines(fitting, predictors)) baselines_.insert(layer);
    methods_.push_back(
        {predictors, index_of_encoder(header, predictors.encoder), behavior.embeddings(predictors.encoder)});
  }
}

std::vector<std::size_t> NeededLayers::operator()(const SweepKey& key,
                                                  std::span<const std::vector<float>> encodings) const {
  auto layers = baselines_;
  for (const auto& [predictors, encoder, embeddings] : methods_) {
    const std::span<const float> embedding = encoder ? std::span<const float>(encodings[*encoder]) : embeddings.of(key);
    for (const auto& [policy, fitted] : predictors.by_policy)
      for (const auto& predictor : fitted.by_seed) layers.insert(predictor.layer(embedding));
  }
  return {layers.begin(), layers.end()};
}

}  // namespace w2s
