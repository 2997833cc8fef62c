// Predictors whose answer is known, for tests of the evaluation.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "w2s/predictor.h"

namespace w2s::test {

/// Embeddings are one-hot; the predictor answers `layer_of[i]` for the one whose coordinate i is 1.
inline LayerPredictor lookup_predictor(const std::vector<std::size_t>& layer_of) {
  std::vector<std::size_t> layers = layer_of;
  std::ranges::sort(layers);
  layers.erase(std::ranges::unique(layers).begin(), layers.end());
  const std::size_t width = layer_of.size();
  DenseLayer dense{std::vector<float>(layers.size() * width), std::vector<float>(layers.size())};
  for (std::size_t i = 0; i < width; ++i) {
    const auto row = static_cast<std::size_t>(std::ranges::find(layers, layer_of[i]) - layers.begin());
    dense.weight[row * width + i] = 10.0F;
  }
  return LayerPredictor({.layers = layers, .mean = std::vector<float>(width), .network = {dense}});
}

/// [samples][width]: sample i has coordinate `kinds[i]`.
inline std::vector<float> one_hot(const std::vector<std::size_t>& kinds, std::size_t width) {
  std::vector<float> embeddings(kinds.size() * width);
  for (std::size_t i = 0; i < kinds.size(); ++i) embeddings[i * width + kinds[i]] = 1.0F;
  return embeddings;
}

inline PredictorPolicy top(std::size_t k) { return {.objective = Objective::cross_entropy, .top_k = k}; }

/// One predictor a seed, all of the same policy.
inline FittedPredictors fitted(const PredictorPolicy& policy,
                               const std::vector<std::vector<std::size_t>>& layers_by_seed) {
  FittedPredictors predictors;
  predictors.policy = policy;
  for (const auto& layer_of : layers_by_seed) predictors.by_seed.push_back(lookup_predictor(layer_of));
  return predictors;
}

inline const PolicyResult& policy(const std::vector<PolicyResult>& results, std::string_view name) {
  return *std::ranges::find(results, name, &PolicyResult::policy);
}

}  // namespace w2s::test
