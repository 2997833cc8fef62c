// Means and standard deviations of a few numbers.
#pragma once

#include <optional>
#include <span>

namespace w2s {

/// Of one value at least.
[[nodiscard]] double mean(std::span<const double> values);

/// Of a sample, hence over n - 1; one value has none.
[[nodiscard]] std::optional<double> standard_deviation(std::span<const double> values);

}  // namespace w2s
