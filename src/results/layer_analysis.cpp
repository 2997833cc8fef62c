#include "w2s/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

#include "w2s/base.h"
#include "w2s/predictor.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

std::size_t column_of(const SteerabilityMatrix& matrix, const PredictorFile& predictors) {
  const auto found = std::ranges::find(matrix.layers, predictors.fixed_layer);
  if (found != matrix.layers.end()) return static_cast<std::size_t>(found - matrix.layers.begin());
  throw Error(ErrorKind::results, fmt::format("the fixed layer {} of {}'s predictor was not swept; fit it again with "
                                              "`w2s fit`",
                                              predictors.fixed_layer, predictors.behavior));
}

std::vector<double> column_means(const SteerabilityMatrix& matrix) {
  std::vector<double> means(matrix.layers.size());
  for (std::size_t i = 0; i < matrix.samples; ++i)
    std::ranges::transform(means, matrix.sample(i), means.begin(), std::plus());
  for (double& mean : means) mean /= static_cast<double>(matrix.samples);
  return means;
}

std::size_t distance(std::size_t a, std::size_t b) { return a > b ? a - b : b - a; }

void analyze_tests(LayerAnalysis& analysis, const SteerabilityMatrix& tests, std::size_t fixed_column) {
  const auto count = static_cast<double>(tests.samples);
  std::array<double, 4> kth_best = {};
  const std::size_t ranks = std::min(kth_best.size(), tests.layers.size());
  analysis.best_count.assign(tests.layers.size(), 0);
  for (std::size_t i = 0; i < tests.samples; ++i) {
    const auto row = tests.sample(i);
    const std::size_t best = best_layer(row);
    ++analysis.best_count[best];
    analysis.distance_from_fixed += static_cast<double>(distance(tests.layers[best], analysis.fixed_layer)) / count;
    analysis.fixed += row[fixed_column] / count;
    analysis.gain.push_back(row[best] - row[fixed_column]);
    std::vector<double> ranked(row.begin(), row.end());
    std::ranges::sort(ranked, std::greater());
    for (std::size_t k = 0; k < ranks; ++k) kth_best[k] += ranked[k] / count;
  }
  std::copy_n(kth_best.begin(), ranks, analysis.kth_best.begin());
}

std::vector<LayerAnalysis::Labels> labels_of(const PredictorFile& predictors) {
  std::vector<LayerAnalysis::Labels> labels;
  for (const auto& [policy, fitted] : predictors.by_policy) {
    if (policy.objective != Objective::cross_entropy) continue;
    auto& entry = labels.emplace_back();
    entry.top_k = policy.top_k;
    entry.layers = fitted.by_seed.front().layers().size();
    const auto chosen = std::ranges::find(fitted.scores, fitted.settings, &CrossValidationScore::settings);
    if (chosen != fitted.scores.end()) entry.accuracy = chosen->accuracy;
  }
  return labels;
}

LayerAnalysis analyze_method(const BehaviorResults& behavior, std::size_t method) {
  const auto& header = behavior.header();
  const auto& predictors = behavior.predictors(method);
  const auto fitting = behavior.steerability(PromptVariant::base, fitting_parts, method);
  const auto tests = behavior.steerability(PromptVariant::base, test_part, method);
  if (fitting.samples == 0 || tests.samples == 0) {
    throw Error(ErrorKind::results, fmt::format("{} has no samples to fit on, or none to test on; use more data",
                                                behavior.folder().sweep().string()));
  }

  LayerAnalysis analysis;
  analysis.behavior = header.behavior;
  analysis.method = header.methods[method];
  analysis.layers = header.grid.layers;
  analysis.fitting_mean = column_means(fitting);
  analysis.fixed_layer = predictors.fixed_layer;
  analysis.test_samples = tests.samples;
  analyze_tests(analysis, tests, column_of(tests, predictors));
  analysis.labels = labels_of(predictors);
  return analysis;
}

}  // namespace

std::vector<LayerAnalysis> analyze_layers(const BehaviorResults& behavior) {
  behavior.check_is_complete();
  std::vector<LayerAnalysis> analyses;
  for (std::size_t method = 0; method < behavior.header().methods.size(); ++method)
    analyses.push_back(analyze_method(behavior, method));
  return analyses;
}

}  // namespace w2s
