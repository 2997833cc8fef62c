// How well each way of choosing the layer steers: fixed, predicted, optimal, and what chance would do (section 6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "w2s/layer_labels.h"
#include "w2s/layer_predictor.h"
#include "w2s/prompt_variant.h"
#include "w2s/split.h"
#include "w2s/table.h"

namespace w2s {

/// One row of results.json: a policy on a set of samples. Standard deviations are over predictor seeds (or draws of the
/// random policy), and absent for a policy that has only one outcome.
struct PolicyResult {
  std::string behavior;
  std::string method = "caa";
  std::string variant = "BASE";
  std::string split = "test";
  std::string policy;                ///< fixed, fixed-own, w2s-top1, ..., w2s-expected, optimum, random, majority
  std::optional<std::size_t> layer;  ///< for a policy that steers every sample at the same one
  std::size_t samples = 0;
  double steerability = 0;
  std::optional<double> steerability_sd;
  double proportion_steerable = 0;
  std::optional<double> proportion_sd;
  std::optional<Interval> gain_over_fixed;  ///< in steerability, per sample; absent for fixed itself
  std::optional<double> regret;             ///< steerability of the optimum less the policy's, mean over samples
  std::optional<double> accuracy;           ///< share of samples steered at their best layer
};

/// The columns of results, in every table and file that has them; steerabilities with so many decimals for people.
[[nodiscard]] Fields<PolicyResult> policy_fields(int steerability_decimals = 3);

struct EvaluationOptions {
  std::size_t bootstrap_draws = 10000;
  double confidence = 0.95;
  std::size_t random_draws = 100;    ///< assignments of random layers
  SplitPart part = SplitPart::test;  ///< the samples that are evaluated on
  std::uint64_t seed = 0;
};

/// Samples to evaluate on, in one variant.
struct EvaluationSet {
  PromptVariant variant = PromptVariant::base;
  std::string split = "test";
  SteerabilityMatrix steerability;     ///< NaN where a sample was not swept
  std::vector<float> embeddings = {};  ///< [samples][width], for the predictors
};

/// Every policy on one set: fixed, majority, random, W2S for each policy of `predictors`, optimum, in this order. The
/// fixed layer is the best of `fitting` (training and validation samples), the majority layer its most frequent best
/// one: never chosen on the test samples. Where another method's sweep chose the predictors' fixed layer, that one is
/// fixed, and fixed-own, after it, is the best of `fitting`. Figures are means over predictor seeds (or random draws),
/// standard deviations those of a sample (over n - 1). A gain is each sample's difference to the fixed layer, averaged
/// over seeds, with a bootstrap interval over samples; the same seed gives the same interval. Where samples of `set`
/// were swept at some of the layers alone, optimum, random, regrets and accuracies are left out. Throws Error{data} for
/// no samples, Error{results} or Error{predictor} for a layer at which a sample was to be steered and was not swept,
/// Error{predictor} for embeddings of another width, Error{usage} for options out of range.
[[nodiscard]] std::vector<PolicyResult> evaluate(const std::string& behavior, const SteerabilityMatrix& fitting,
                                                 const PredictorFile& predictors, const EvaluationSet& set,
                                                 const EvaluationOptions& options = {});

/// The layers of the policies that steer every sample at the same one: fixed, fixed-own and majority. Ascending, each
/// once. Throws as evaluate does.
[[nodiscard]] std::vector<std::size_t> layers_of_baselines(const SteerabilityMatrix& fitting,
                                                           const PredictorFile& predictors);

/// Percentile bootstrap of the mean over samples (Efron, 1979). Throws Error{data} for no values, Error{usage} for no
/// draws or a confidence that is not between 0 and 1.
[[nodiscard]] Interval bootstrap_mean(std::span<const double> values, const EvaluationOptions& options);

/// The mean over behaviours of each (method, variant, split, policy) that all behaviours have, as behaviour "mean";
/// `samples` is their sum. Standard deviations and gains are left out: how the behaviours' outcomes vary together is
/// not in the rows. Empty for fewer than two behaviours.
[[nodiscard]] std::vector<PolicyResult> mean_over_behaviors(std::span<const PolicyResult> results);

/// {"results": [...]}, one object a row: the content of results.json. Absent figures are null.
[[nodiscard]] std::string results_to_json(std::span<const PolicyResult> results);
/// The inverse. Throws Error{results} that names the row and field.
[[nodiscard]] std::vector<PolicyResult> results_from_json(const std::string& text);

}  // namespace w2s
