// What the numbers of a vector are.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace w2s {

/// Whether none of them is NaN or infinite.
[[nodiscard]] inline bool all_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

/// Whether none of them is NaN or infinite.
[[nodiscard]] inline bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

/// Whether all of them are 0: as a steering vector, one that changes nothing.
[[nodiscard]] inline bool is_zero(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return value == 0; });
}

}  // namespace w2s
