#include "w2s/predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/random.h"
#include "predictor/statistics.h"
#include "w2s/base.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

// A way of choosing a column of the matrix for each sample. A policy that chance has a part in has several outcomes.
struct Policy {
  std::string name;
  std::optional<std::size_t> layer;                ///< if it is the same for all samples
  std::vector<std::vector<std::size_t>> outcomes;  ///< [seeds or draws][samples]: the column chosen
};

void check_matrix(const SteerabilityMatrix& matrix, std::string_view what) {
  if (matrix.samples == 0 || matrix.layers.empty()) {
    throw Error(ErrorKind::data, fmt::format("evaluation: there are no {} samples; use more data", what));
  }
  if (matrix.values.size() != matrix.samples * matrix.layers.size()) {
    throw Error(ErrorKind::data, fmt::format("evaluation: {} steerabilities of {} {} samples at {} layers",
                                             matrix.values.size(), matrix.samples, what, matrix.layers.size()));
  }
  if (std::ranges::any_of(matrix.values, [](double value) { return std::isinf(value); })) {
    throw Error(ErrorKind::data,
                fmt::format("evaluation: a steerability of the {} samples is not finite: run the sweep again", what));
  }
}

bool is_complete(const SteerabilityMatrix& matrix) {
  return std::ranges::none_of(matrix.values, [](double value) { return std::isnan(value); });
}

void check_fitting(const SteerabilityMatrix& fitting) {
  check_matrix(fitting, "training and validation");
  if (is_complete(fitting)) return;
  throw Error(ErrorKind::data,
              "evaluation: a training or validation sample was not swept at all layers: run the sweep again");
}

[[noreturn]] void fail_not_swept(std::size_t layer, std::string_view policy, ErrorKind kind) {
  throw Error(kind, fmt::format("evaluation: policy {} steers at layer {}, which the samples evaluated were not swept "
                                "at; sweep them at the layers that it needs ('w2s run' again does)",
                                policy, layer));
}

std::size_t column_of(const SteerabilityMatrix& matrix, std::size_t layer, std::string_view policy, ErrorKind kind) {
  const auto found = std::ranges::find(matrix.layers, layer);
  if (found != matrix.layers.end()) return static_cast<std::size_t>(found - matrix.layers.begin());
  fail_not_swept(layer, policy, kind);
}

// A column in which every sample has a value.
std::size_t swept_column_of(const SteerabilityMatrix& matrix, std::size_t layer, std::string_view policy) {
  const std::size_t column = column_of(matrix, layer, policy, ErrorKind::results);
  for (std::size_t i = 0; i < matrix.samples; ++i)
    if (std::isnan(matrix.sample(i)[column])) fail_not_swept(layer, policy, ErrorKind::results);
  return column;
}

Policy same_layer(std::string name, std::size_t layer, const SteerabilityMatrix& matrix) {
  const std::size_t column = swept_column_of(matrix, layer, name);
  return {.name = std::move(name), .layer = layer, .outcomes = {std::vector<std::size_t>(matrix.samples, column)}};
}

// The first of layers that are equally often a sample's best.
std::size_t majority_layer(const SteerabilityMatrix& matrix) {
  std::vector<std::size_t> counts(matrix.layers.size());
  for (std::size_t i = 0; i < matrix.samples; ++i) ++counts[best_layer(matrix.sample(i))];
  return matrix.layers[static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin())];
}

Policy random_layers(const SteerabilityMatrix& matrix, const EvaluationOptions& options) {
  if (options.random_draws == 0) throw Error(ErrorKind::usage, "evaluation: give at least one draw of random layers");
  Policy policy{.name = "random", .layer = std::nullopt, .outcomes = {}};
  for (std::size_t draw = 0; draw < options.random_draws; ++draw) {
    Random random = Random::stream(options.seed, draw);
    std::vector<std::size_t>& columns = policy.outcomes.emplace_back(matrix.samples);
    for (std::size_t& column : columns) column = random.below(matrix.layers.size());
  }
  return policy;
}

std::vector<std::size_t> predicted_columns(const LayerPredictor& predictor, std::string_view policy,
                                           const EvaluationSet& set) {
  const std::size_t samples = set.steerability.samples;
  const std::size_t width = predictor.width();
  if (set.embeddings.size() != samples * width) {
    throw Error(ErrorKind::predictor,
                fmt::format("evaluation: {} numbers in the embeddings of {} samples, where the predictor of {} takes a "
                            "width of {}: it belongs to another model or prompt encoder",
                            set.embeddings.size(), samples, policy, width));
  }
  std::vector<std::size_t> columns;
  columns.reserve(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    const std::size_t layer = predictor.layer(std::span(set.embeddings).subspan(i * width, width));
    columns.push_back(column_of(set.steerability, layer, policy, ErrorKind::predictor));
    if (std::isnan(set.steerability.sample(i)[columns.back()])) fail_not_swept(layer, policy, ErrorKind::results);
  }
  return columns;
}

Policy predicted_layers(const FittedPredictors& predictors, const EvaluationSet& set) {
  Policy policy{.name = fmt::format("w2s-{}", to_string(predictors.policy)), .layer = std::nullopt, .outcomes = {}};
  if (predictors.by_seed.empty()) {
    throw Error(ErrorKind::predictor, fmt::format("evaluation: there is no predictor for {}: fit it", policy.name));
  }
  for (const LayerPredictor& predictor : predictors.by_seed) {
    policy.outcomes.push_back(predicted_columns(predictor, policy.name, set));
  }
  return policy;
}

Policy best_layers(const SteerabilityMatrix& matrix) {
  Policy policy{.name = "optimum", .layer = std::nullopt, .outcomes = {{}}};
  for (std::size_t i = 0; i < matrix.samples; ++i) policy.outcomes[0].push_back(best_layer(matrix.sample(i)));
  return policy;
}

// Of the policies that need no predictor, by name, in the order of tables.
std::vector<std::pair<std::string, std::size_t>> baselines(const SteerabilityMatrix& fitting,
                                                           const PredictorFile& predictors) {
  const std::size_t own_layer = fitting.layers[best_fixed_column(fitting)];
  const bool is_own = predictors.fixed_layer_method == predictors.method;
  std::vector<std::pair<std::string, std::size_t>> layers = {{"fixed", is_own ? own_layer : predictors.fixed_layer}};
  if (!is_own) layers.emplace_back("fixed-own", own_layer);
  layers.emplace_back("majority", majority_layer(fitting));
  return layers;
}

std::vector<Policy> all_policies(const SteerabilityMatrix& fitting, const PredictorFile& predictors,
                                 const EvaluationSet& set, const EvaluationOptions& options) {
  const SteerabilityMatrix& matrix = set.steerability;
  const bool complete = is_complete(matrix);
  std::vector<Policy> policies;
  for (const auto& [name, layer] : baselines(fitting, predictors)) policies.push_back(same_layer(name, layer, matrix));
  if (complete) policies.push_back(random_layers(matrix, options));
  for (const auto& [key, fitted] : predictors.by_policy) policies.push_back(predicted_layers(fitted, set));
  if (complete) policies.push_back(best_layers(matrix));
  return policies;
}

// What one outcome of a policy amounts to.
struct Score {
  double steerability = 0;
  double proportion_steerable = 0;
  double regret = 0;
  double accuracy = 0;
};

Score score(const SteerabilityMatrix& matrix, std::span<const std::size_t> columns) {
  double sum = 0;
  double missed = 0;
  std::size_t steerable = 0;
  std::size_t best = 0;
  for (std::size_t i = 0; i < matrix.samples; ++i) {
    const std::span<const double> row = matrix.sample(i);
    const double chosen = row[columns[i]];
    const double possible = row[best_layer(row)];
    sum += chosen;
    missed += possible - chosen;
    if (chosen > 0) ++steerable;
    if (chosen == possible) ++best;
  }
  const auto samples = static_cast<double>(matrix.samples);
  return {.steerability = sum / samples,
          .proportion_steerable = static_cast<double>(steerable) / samples,
          .regret = missed / samples,
          .accuracy = static_cast<double>(best) / samples};
}

PolicyResult score(const SteerabilityMatrix& matrix, const Policy& policy) {
  std::vector<double> steerabilities;
  std::vector<double> proportions;
  std::vector<double> regrets;
  std::vector<double> accuracies;
  for (const std::vector<std::size_t>& columns : policy.outcomes) {
    const Score outcome = score(matrix, columns);
    steerabilities.push_back(outcome.steerability);
    proportions.push_back(outcome.proportion_steerable);
    regrets.push_back(outcome.regret);
    accuracies.push_back(outcome.accuracy);
  }
  PolicyResult result;
  result.policy = policy.name;
  result.layer = policy.layer;
  result.samples = matrix.samples;
  result.steerability = mean(steerabilities);
  result.steerability_sd = standard_deviation(steerabilities);
  result.proportion_steerable = mean(proportions);
  result.proportion_sd = standard_deviation(proportions);
  if (!is_complete(matrix)) return result;  // which layer is best is not known
  result.regret = mean(regrets);
  result.accuracy = mean(accuracies);
  return result;
}

// Each sample's gain is the mean over outcomes: the interval is about samples, the standard deviations about outcomes.
Interval gain(const SteerabilityMatrix& matrix, const Policy& policy, const Policy& fixed,
              const EvaluationOptions& options) {
  std::vector<double> gains;
  gains.reserve(matrix.samples);
  for (std::size_t i = 0; i < matrix.samples; ++i) {
    const std::span<const double> row = matrix.sample(i);
    const double at_fixed = row[fixed.outcomes.front()[i]];
    double sum = 0;
    for (const std::vector<std::size_t>& columns : policy.outcomes) sum += row[columns[i]] - at_fixed;
    gains.push_back(sum / static_cast<double>(policy.outcomes.size()));
  }
  return bootstrap_mean(gains, options);
}

}  // namespace

std::vector<std::size_t> layers_of_baselines(const SteerabilityMatrix& fitting, const PredictorFile& predictors) {
  check_fitting(fitting);
  std::set<std::size_t> layers;
  for (const auto& [name, layer] : baselines(fitting, predictors)) layers.insert(layer);
  return {layers.begin(), layers.end()};
}

std::vector<PolicyResult> evaluate(const std::string& behavior, const SteerabilityMatrix& fitting,
                                   const PredictorFile& predictors, const EvaluationSet& set,
                                   const EvaluationOptions& options) {
  check_fitting(fitting);
  check_matrix(set.steerability, set.split);
  const std::vector<Policy> policies = all_policies(fitting, predictors, set, options);
  const Policy& fixed = policies.front();
  std::vector<PolicyResult> results;
  for (const Policy& policy : policies) {
    PolicyResult& result = results.emplace_back(score(set.steerability, policy));
    result.behavior = behavior;
    result.method = predictors.method;
    result.variant = to_string(set.variant);
    result.split = set.split;
    if (&policy != &fixed) result.gain_over_fixed = gain(set.steerability, policy, fixed, options);
  }
  return results;
}

}  // namespace w2s
