#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "w2s/base.h"
#include "w2s/predictor.h"

namespace w2s {
namespace {

void check_options(const EvaluationOptions& options) {
  if (options.bootstrap_draws == 0) throw Error(ErrorKind::usage, "bootstrap: give at least one draw");
  if (!(options.confidence > 0 && options.confidence < 1)) {
    throw Error(ErrorKind::usage, fmt::format("bootstrap: the confidence is {}, give one between 0 and 1, such as 0.95",
                                              options.confidence));
  }
}

double resampled_mean(std::span<const double> values, Random& random) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
  return sum / static_cast<double>(values.size());
}

// Linear between order statistics: type 7 of Hyndman and Fan (1996), as numpy and R do.
double quantile(std::span<const double> sorted, double probability) {
  const double position = probability * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

}  // namespace

Interval bootstrap_mean(std::span<const double> values, const EvaluationOptions& options) {
  check_options(options);
  if (values.empty()) throw Error(ErrorKind::data, "bootstrap: no samples to take the mean of");
  Random random(options.seed);
  std::vector<double> means(options.bootstrap_draws);
  for (double& mean : means) mean = resampled_mean(values, random);
  std::ranges::sort(means);
  const double tail = (1 - options.confidence) / 2;
  return {.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()),
          .low = quantile(means, tail),
          .high = quantile(means, 1 - tail)};
}

}  // namespace w2s
