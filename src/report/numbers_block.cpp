#include "report/numbers_block.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace w2s::report {
namespace {

constexpr double largest = std::numeric_limits<std::int16_t>::max();

std::size_t nearest_to_zero(std::span<const float> multipliers) {
  const auto nearest = std::ranges::min_element(multipliers, {}, [](float multiplier) { return std::abs(multiplier); });
  return static_cast<std::size_t>(nearest - multipliers.begin());
}

void append_float(std::string& bytes, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>((bits >> shift) & 0xffU));
}

double widest_difference(std::span<const PropensityMap> propensity, std::span<const float> bases) {
  double widest = 0;
  for (std::size_t i = 0; i < propensity.size(); ++i)
    for (const float value : propensity[i].values)
      widest = std::max(widest, std::abs(static_cast<double>(value) - static_cast<double>(bases[i])));
  return widest;
}

std::vector<std::uint16_t> differences_in_steps(std::span<const PropensityMap> propensity, std::span<const float> bases,
                                                double step) {
  std::vector<std::uint16_t> differences;
  for (std::size_t i = 0; i < propensity.size(); ++i) {
    for (const float value : propensity[i].values) {
      const double steps = (static_cast<double>(value) - static_cast<double>(bases[i])) / step;
      const auto rounded = static_cast<std::int16_t>(std::lround(std::clamp(steps, -largest, largest)));
      differences.push_back(static_cast<std::uint16_t>(rounded));
    }
  }
  return differences;
}

}  // namespace

NumbersBlock numbers_block(std::span<const PropensityMap> propensity, std::span<const float> multipliers,
                           std::span<const float> probabilities) {
  const std::size_t base_column = nearest_to_zero(multipliers);
  std::vector<float> bases;
  for (const auto& map : propensity) bases.push_back(map.values[base_column]);

  NumbersBlock block;
  if (const double widest = widest_difference(propensity, bases); widest > 0) block.step = widest / largest;
  for (const float base : bases) append_float(block.bytes, base);
  const auto differences = differences_in_steps(propensity, bases, block.step);
  for (const auto difference : differences) block.bytes.push_back(static_cast<char>(difference >> 8U));
  for (const auto difference : differences) block.bytes.push_back(static_cast<char>(difference & 0xffU));
  for (const float probability : probabilities)
    block.bytes.push_back(static_cast<char>(std::lround(255 * std::clamp(probability, 0.0F, 1.0F))));
  return block;
}

}  // namespace w2s::report
