#include "vectors/methods/prompt_condition.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>

namespace w2s::methods {
namespace {

double dot(std::span<const float> a, std::span<const float> b) {
  return std::transform_reduce(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(),
                               [](float x, float y) { return static_cast<double>(x) * static_cast<double>(y); });
}

// Between -1 and 1; 0 where one of them points nowhere.
double cosine(std::span<const float> a, std::span<const float> b) {
  const double lengths = std::sqrt(dot(a, a)) * std::sqrt(dot(b, b));
  return lengths > 0 ? std::clamp(dot(a, b) / lengths, -1.0, 1.0) : 0;
}

std::vector<double> mean(const Representations& representations) {
  std::vector<double> sum(representations.front().size(), 0.0);
  for (const auto& representation : representations)
    std::ranges::transform(sum, representation, sum.begin(), [](double a, float b) { return a + b; });
  for (auto& value : sum) value /= static_cast<double>(representations.size());
  return sum;
}

std::vector<double> ascending_cosines(const Representations& representations, std::span<const float> direction) {
  std::vector<double> cosines;
  for (const auto& representation : representations) cosines.push_back(cosine(representation, direction));
  std::ranges::sort(cosines);
  return cosines;
}

// Of cosines in ascending order. One division of whole numbers: what is equally good compares as equal.
double balanced_accuracy(const std::vector<double>& positive, const std::vector<double>& negative, double threshold) {
  const auto below = [&](const std::vector<double>& cosines) {
    return static_cast<std::size_t>(std::ranges::lower_bound(cosines, threshold) - cosines.begin());
  };
  const std::size_t found = positive.size() - below(positive);
  const std::size_t both = positive.size() * negative.size();
  return static_cast<double>(found * negative.size() + below(negative) * positive.size()) /
         static_cast<double>(2 * both);
}

float best_threshold(const std::vector<double>& positive, const std::vector<double>& negative) {
  std::vector<double> all;
  std::ranges::merge(positive, negative, std::back_inserter(all));
  float best = -1;
  double best_accuracy = balanced_accuracy(positive, negative, -1);
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto threshold = static_cast<float>(std::midpoint(all[i - 1], all[i]));
    const auto rounded = static_cast<double>(threshold);
    if (!(all[i - 1] < rounded && rounded <= all[i])) continue;  // too close to be told apart
    const double accuracy = balanced_accuracy(positive, negative, rounded);
    if (accuracy <= best_accuracy) continue;
    best = threshold;
    best_accuracy = accuracy;
  }
  return best;
}

}  // namespace

bool PromptCondition::holds(std::span<const float> representation) const {
  return cosine(representation, direction) >= static_cast<double>(threshold);
}

PromptCondition fit_condition(const Representations& positive, const Representations& negative) {
  const auto positive_mean = mean(positive);
  const auto negative_mean = mean(negative);
  PromptCondition condition;
  std::ranges::transform(positive_mean, negative_mean, std::back_inserter(condition.direction),
                         [](double a, double b) { return static_cast<float>(a - b); });
  condition.threshold = best_threshold(ascending_cosines(positive, condition.direction),
                                       ascending_cosines(negative, condition.direction));
  return condition;
}

double balanced_accuracy(const PromptCondition& condition, const Representations& positive,
                         const Representations& negative) {
  return balanced_accuracy(ascending_cosines(positive, condition.direction),
                           ascending_cosines(negative, condition.direction), static_cast<double>(condition.threshold));
}

}  // namespace w2s::methods
