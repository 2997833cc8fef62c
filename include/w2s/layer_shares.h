// Several layers for one steering vector: how its scale is shared among them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace w2s {

/// The shares of all layers that one scale is for add up to 1, so that the scale means the same for one and for many.
struct LayerShare {
  std::size_t layer = 0;
  float share = 1;                       ///< of the scale
  std::optional<float> confidence = {};  ///< the predictor's probability of this layer; absent where it was named

  bool operator==(const LayerShare&) const = default;
};

/// The same share for each layer, in their order.
[[nodiscard]] std::vector<LayerShare> equal_shares(std::span<const std::size_t> layers);

/// The `count` most likely of a predictor's layers, or all if it has fewer, each with a share in proportion to its
/// probability; the most likely first, of equal ones the first of `layers`. As many probabilities as layers; their sum
/// is positive.
[[nodiscard]] std::vector<LayerShare> most_likely_shares(std::span<const std::size_t> layers,
                                                         std::span<const float> probabilities, std::size_t count);

}  // namespace w2s
