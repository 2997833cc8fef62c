#include "w2s/sweep.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace w2s {

std::vector<LayerShare> equal_shares(std::span<const std::size_t> layers) {
  std::vector<LayerShare> shares;
  for (const std::size_t layer : layers)
    shares.push_back({.layer = layer, .share = 1 / static_cast<float>(layers.size())});
  return shares;
}

std::vector<LayerShare> most_likely_shares(std::span<const std::size_t> layers, std::span<const float> probabilities,
                                           std::size_t count) {
  std::vector<std::size_t> order(layers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return probabilities[i]; });
  order.resize(std::min(count, order.size()));
  float sum = 0;
  for (const std::size_t i : order) sum += probabilities[i];
  std::vector<LayerShare> shares;
  for (const std::size_t i : order)
    shares.push_back({.layer = layers[i], .share = probabilities[i] / sum, .confidence = probabilities[i]});
  return shares;
}

}  // namespace w2s
