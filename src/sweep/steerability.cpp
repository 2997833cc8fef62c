#include "w2s/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "w2s/base.h"

namespace w2s {
namespace {

void check_line(std::span<const float> multipliers, std::span<const float> propensity) {
  if (multipliers.size() != propensity.size()) {
    throw Error(ErrorKind::usage, fmt::format("steerability: {} propensities for {} multipliers: give one for each",
                                              propensity.size(), multipliers.size()));
  }
  // Compared as they are: rounding in the mean could make the variance of equal multipliers positive.
  const bool has_two_values =
      std::ranges::any_of(multipliers, [&](float multiplier) { return multiplier != multipliers.front(); });
  if (!has_two_values) throw Error(ErrorKind::usage, "steerability: give at least two different multipliers");
}

double mean(std::span<const float> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

double steerability(std::span<const float> multipliers, std::span<const float> propensity) {
  check_line(multipliers, propensity);
  const double mean_multiplier = mean(multipliers);
  // Without it the slope would be the same but for rounding, which could make that of a constant positive.
  const double mean_propensity = mean(propensity);
  double covariance = 0;
  double variance = 0;
  for (std::size_t i = 0; i < multipliers.size(); ++i) {
    const double deviation = static_cast<double>(multipliers[i]) - mean_multiplier;
    covariance += deviation * (static_cast<double>(propensity[i]) - mean_propensity);
    variance += deviation * deviation;
  }
  return covariance / variance;
}

std::vector<double> steerability(std::span<const float> multipliers, const PropensityMap& propensity) {
  if (propensity.values.size() != propensity.layers * propensity.multipliers) {
    throw Error(ErrorKind::usage, fmt::format("steerability: a map of {} layers and {} multipliers holds {} values",
                                              propensity.layers, propensity.multipliers, propensity.values.size()));
  }
  std::vector<double> slopes;
  slopes.reserve(propensity.layers);
  for (std::size_t i = 0; i < propensity.layers; ++i) slopes.push_back(steerability(multipliers, propensity.layer(i)));
  return slopes;
}

std::size_t best_layer(std::span<const double> steerability) {
  if (steerability.empty()) throw Error(ErrorKind::usage, "best layer: no layers to choose from");
  return static_cast<std::size_t>(std::ranges::max_element(steerability) - steerability.begin());
}

}  // namespace w2s
