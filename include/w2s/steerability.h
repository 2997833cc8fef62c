// Propensity and steerability (Tan et al., 2024): how much, and how evenly, a multiplier moves the model.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace w2s {

/// steering-bench's multipliers.
inline constexpr float default_multipliers[] = {-1.5F, -1.0F, -0.5F, 0.0F, 0.5F, 1.0F, 1.5F};

/// The slope of the least-squares line of propensity over the multiplier. Both have the same length, at least two
/// different multipliers. Throws Error{usage} otherwise.
[[nodiscard]] double steerability(std::span<const float> multipliers, std::span<const float> propensity);

/// Propensity, logit(chosen) - logit(rejected), of one sample at every (layer, multiplier).
struct PropensityMap {
  std::size_t layers = 0;
  std::size_t multipliers = 0;
  std::vector<float> values = {};  ///< [layers][multipliers]

  [[nodiscard]] std::span<const float> layer(std::size_t index) const {
    return std::span(values).subspan(index * multipliers, multipliers);
  }
};

/// Steerability of each layer of the map.
[[nodiscard]] std::vector<double> steerability(std::span<const float> multipliers, const PropensityMap& propensity);

/// The index of the largest value; the first of equal ones. Throws Error{usage} for none.
[[nodiscard]] std::size_t best_layer(std::span<const double> steerability);

}  // namespace w2s
