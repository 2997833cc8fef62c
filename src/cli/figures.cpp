#include "cli/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace w2s::cli {

int decimals_for(double largest) {
  if (!(largest > 0) || !std::isfinite(largest)) return 3;
  return std::clamp(3 - static_cast<int>(std::floor(std::log10(largest))), 2, 7);
}

std::string with_deviation(double mean, const std::optional<double>& deviation, int decimals) {
  const auto text = fmt::format("{:.{}f}", mean, decimals);
  return deviation ? fmt::format("{} ± {:.{}f}", text, *deviation, decimals) : text;
}

std::string percent(double share, const std::optional<double>& deviation) {
  if (!deviation) return fmt::format("{:.1f}%", 100 * share);
  return fmt::format("{:.1f} ± {:.1f}%", 100 * share, 100 * *deviation);
}

std::string gain_text(const Interval& gain, int decimals) {
  return fmt::format("{:+.{}f} [{:+.{}f}, {:+.{}f}]", gain.mean, decimals, gain.low, decimals, gain.high, decimals);
}

Cell optional_number(const std::optional<double>& number) { return number ? Cell(*number) : Cell(); }

Cell optional_layer(const std::optional<std::size_t>& layer) {
  return layer ? Cell(static_cast<std::int64_t>(*layer)) : Cell();
}

}  // namespace w2s::cli
