// How figures of results are written in tables for a person.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "cli/table.h"
#include "w2s/evaluation.h"

namespace w2s::cli {

/// Decimals that show the largest of several figures with four digits; some models hardly react.
[[nodiscard]] int decimals_for(double largest);

/// "2.545 ± 0.009".
[[nodiscard]] std::string with_deviation(double mean, const std::optional<double>& deviation, int decimals);

/// "98.4%", "98.4 ± 0.5%".
[[nodiscard]] std::string percent(double share, const std::optional<double>& deviation = std::nullopt);

/// "+0.113 [-0.012, +0.236]".
[[nodiscard]] std::string gain_text(const Interval& gain, int decimals);

[[nodiscard]] Cell optional_number(const std::optional<double>& number);
[[nodiscard]] Cell optional_layer(const std::optional<std::size_t>& layer);

}  // namespace w2s::cli
