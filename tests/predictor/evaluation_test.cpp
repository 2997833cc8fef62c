#include "support/error_of.h"
#include "w2s/predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "predictor/toy_evaluation.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using test::error_of;
using test::fitted;
using test::one_hot;
using test::policy;
using test::top;
using testing::ElementsAre;
using testing::HasSubstr;

// Worked by hand: the fixed layer is 5 (mean 2), though layer 3 is more often the best one.
SteerabilityMatrix fitting_samples() {
  return {.samples = 3, .layers = {3, 5, 8}, .values = {1, 0, 0.5, 1, 0, 0.5, 1, 6, 0.5}};
}

// Four samples to evaluate on; two predictor seeds.
EvaluationSet test_samples() {
  return {.variant = PromptVariant::base,
          .split = "test",
          .steerability = {.samples = 4, .layers = {3, 5, 8}, .values = {3, 1, 2, -1, 0, -2, 0, 2, 4, 1, 1, -4}},
          .embeddings = one_hot({0, 1, 2, 3}, 4)};
}

PredictorFile test_predictors() {
  PredictorFile file;
  file.by_policy.emplace(top(1), fitted(top(1), {{3, 5, 8, 3}, {8, 3, 5, 3}}));
  file.by_policy.emplace(top(3), fitted(top(3), {{5, 5, 5, 5}}));
  return file;
}

std::vector<PolicyResult> evaluate_test_samples(const EvaluationOptions& options = {}) {
  return evaluate("toy", fitting_samples(), test_predictors(), test_samples(), options);
}

Error error_of_evaluating(const SteerabilityMatrix& fitting, const PredictorFile& predictors, const EvaluationSet& set,
                          const EvaluationOptions& options = {}) {
  return error_of([&] { static_cast<void>(evaluate("toy", fitting, predictors, set, options)); });
}

// Samples, some of which are best at one layer and some at another, and predictors that know some of it.
struct RandomCase {
  SteerabilityMatrix fitting;
  PredictorFile predictors;
  EvaluationSet set;
};

RandomCase random_case(std::uint64_t seed) {
  Random random(seed);
  const std::vector<std::size_t> layers = {2, 4, 7, 9, 11};
  const std::size_t kinds = 6;
  const auto matrix = [&](std::size_t samples) {
    SteerabilityMatrix made{.samples = samples, .layers = layers, .values = {}};
    for (std::size_t i = 0; i < samples * layers.size(); ++i) made.values.push_back(random.normal());
    return made;
  };
  const auto predictors = [&](const PredictorPolicy& policy) {
    std::vector<std::vector<std::size_t>> by_seed(3);
    for (auto& layer_of : by_seed) {
      for (std::size_t i = 0; i < kinds; ++i) layer_of.push_back(layers[random.below(layers.size())]);
    }
    return fitted(policy, by_seed);
  };
  RandomCase made;
  made.fitting = matrix(10 + random.below(20));
  made.set.steerability = matrix(1 + random.below(30));
  std::vector<std::size_t> kind_of(made.set.steerability.samples);
  for (std::size_t& kind : kind_of) kind = random.below(kinds);
  made.set.embeddings = one_hot(kind_of, kinds);
  for (const auto& policy : {top(1), top(2)}) made.predictors.by_policy.emplace(policy, predictors(policy));
  return made;
}

std::vector<PolicyResult> evaluate_case(const RandomCase& made) {
  return evaluate("random", made.fitting, made.predictors, made.set, {.bootstrap_draws = 200, .random_draws = 20});
}

TEST(Evaluation, HasARowForEachPolicyInOrder) {
  std::vector<std::string> policies;
  for (const PolicyResult& row : evaluate_test_samples()) {
    policies.push_back(row.policy);
    EXPECT_EQ(row.behavior, "toy");
    EXPECT_EQ(row.method, "caa");
    EXPECT_EQ(row.variant, "BASE");
    EXPECT_EQ(row.split, "test");
    EXPECT_EQ(row.samples, 4U);
    EXPECT_EQ(row.gain_over_fixed.has_value(), row.policy != "fixed");
  }
  EXPECT_THAT(policies, ElementsAre("fixed", "majority", "random", "w2s-top1", "w2s-top3", "optimum"));
}

TEST(Evaluation, ShowsExpectedSteerabilityAfterTheLabelsPredictors) {
  PredictorFile predictors = test_predictors();
  const PredictorPolicy expected{.objective = Objective::expected_steerability, .top_k = 1};
  predictors.by_policy.emplace(expected, fitted(expected, {{3, 3, 8, 3}}));
  predictors.by_policy.emplace(top(10), fitted(top(10), {{3, 3, 8, 3}}));
  const auto results = evaluate("toy", fitting_samples(), predictors, test_samples());
  std::vector<std::string> policies;
  for (const auto& row : results) policies.push_back(row.policy);
  EXPECT_THAT(policies, ElementsAre("fixed", "majority", "random", "w2s-top1", "w2s-top3", "w2s-top10", "w2s-expected",
                                    "optimum"));
  EXPECT_DOUBLE_EQ(policy(results, "w2s-expected").steerability, (3.0 - 1 + 4 + 1) / 4);
}

// By hand: the best of the four samples are 3, 0, 4 and 1.
TEST(Evaluation, RegretsWhatTheBestLayersWouldHaveAdded) {
  const std::vector<PolicyResult> results = evaluate_test_samples();
  EXPECT_DOUBLE_EQ(policy(results, "fixed").regret.value(), (2.0 + 0 + 2 + 0) / 4);
  EXPECT_DOUBLE_EQ(policy(results, "majority").regret.value(), (0.0 + 1 + 4 + 0) / 4);
  EXPECT_DOUBLE_EQ(policy(results, "w2s-top1").regret.value(), ((0.0 + 0 + 0 + 0) + (1.0 + 1 + 2 + 0)) / 2 / 4);
  EXPECT_EQ(policy(results, "optimum").regret, 0.0);
}

TEST(Evaluation, ChoosesTheFixedLayerOnTheFittingSamples) {
  const std::vector<PolicyResult> results = evaluate_test_samples();
  const PolicyResult& fixed = policy(results, "fixed");
  EXPECT_EQ(fixed.layer, 5U);
  EXPECT_DOUBLE_EQ(fixed.steerability, 1.0);
  EXPECT_DOUBLE_EQ(fixed.proportion_steerable, 0.75);
  EXPECT_DOUBLE_EQ(fixed.accuracy.value(), 0.5);
  EXPECT_FALSE(fixed.steerability_sd);
  EXPECT_FALSE(fixed.proportion_sd);
}

TEST(Evaluation, ChoosesTheMajorityLayerOnTheFittingSamples) {
  const std::vector<PolicyResult> results = evaluate_test_samples();
  const PolicyResult& majority = policy(results, "majority");
  EXPECT_EQ(majority.layer, 3U);
  EXPECT_DOUBLE_EQ(majority.steerability, 0.75);
  EXPECT_DOUBLE_EQ(majority.proportion_steerable, 0.5);
  EXPECT_DOUBLE_EQ(majority.gain_over_fixed.value().mean, -0.25);
}

TEST(Evaluation, FixesTheLayerThatAnotherMethodsSweepChoseAndShowsItsOwnBesideIt) {
  auto predictors = test_predictors();
  predictors.method = "l2s";
  predictors.fixed_layer_method = "oracle";
  predictors.fixed_layer = 8;
  const auto results = evaluate("toy", fitting_samples(), predictors, test_samples());
  EXPECT_EQ(policy(results, "fixed").layer, 8U);
  EXPECT_DOUBLE_EQ(policy(results, "fixed").steerability, 0.0);
  EXPECT_EQ(policy(results, "fixed-own").layer, 5U);
  EXPECT_DOUBLE_EQ(policy(results, "fixed-own").gain_over_fixed.value().mean, 1.0);
  EXPECT_DOUBLE_EQ(policy(results, "optimum").gain_over_fixed.value().mean, 2.0);
  for (const auto& row : results) EXPECT_EQ(row.method, "l2s");
}

TEST(Evaluation, AveragesPredictorsOverSeeds) {
  // Seed 1 steers at 3, 0, 4, 1, seed 2 at 2, -1, 2, 1.
  const std::vector<PolicyResult> results = evaluate_test_samples();
  const PolicyResult& predicted = policy(results, "w2s-top1");
  EXPECT_FALSE(predicted.layer);
  EXPECT_DOUBLE_EQ(predicted.steerability, 1.5);
  EXPECT_DOUBLE_EQ(predicted.steerability_sd.value(), 1 / std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(predicted.proportion_steerable, 0.75);
  EXPECT_DOUBLE_EQ(predicted.proportion_sd.value(), 0.0);
  EXPECT_DOUBLE_EQ(predicted.accuracy.value(), (1.0 + 0.25) / 2);
  EXPECT_DOUBLE_EQ(predicted.gain_over_fixed.value().mean, 0.5);
}

TEST(Evaluation, HasNoDeviationOverASingleSeed) {
  const std::vector<PolicyResult> results = evaluate_test_samples();
  EXPECT_FALSE(policy(results, "w2s-top3").steerability_sd);
  EXPECT_FALSE(policy(results, "w2s-top3").proportion_sd);
}

TEST(Evaluation, SteersTheOptimumAtEachSamplesBestLayer) {
  const std::vector<PolicyResult> results = evaluate_test_samples();
  const PolicyResult& optimum = policy(results, "optimum");
  EXPECT_DOUBLE_EQ(optimum.steerability, 2.0);
  EXPECT_DOUBLE_EQ(optimum.proportion_steerable, 0.75);
  EXPECT_DOUBLE_EQ(optimum.accuracy.value(), 1.0);
  EXPECT_DOUBLE_EQ(optimum.gain_over_fixed.value().mean, 1.0);
}

TEST(Evaluation, GivesAPolicyThatIsTheFixedLayerNoGain) {
  RandomCase made = random_case(1);
  const std::size_t fixed_layer = made.fitting.layers[best_fixed_column(made.fitting)];
  made.predictors.by_policy.clear();
  made.predictors.by_policy.emplace(top(1), fitted(top(1), std::vector(7, std::vector<std::size_t>(6, fixed_layer))));
  const std::vector<PolicyResult> results = evaluate_case(made);
  const PolicyResult& predicted = policy(results, "w2s-top1");
  EXPECT_DOUBLE_EQ(predicted.steerability, policy(results, "fixed").steerability);
  EXPECT_EQ(predicted.gain_over_fixed.value().mean, 0.0);
  EXPECT_EQ(predicted.gain_over_fixed.value().low, 0.0);
  EXPECT_EQ(predicted.gain_over_fixed.value().high, 0.0);
}

TEST(Evaluation, NeverFindsAPolicyBetterThanTheOptimum) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<PolicyResult> results = evaluate_case(random_case(seed));
    const PolicyResult& optimum = results.back();
    for (const PolicyResult& row : results) {
      EXPECT_LE(row.steerability, optimum.steerability + 1e-12) << row.policy;
      EXPECT_LE(row.proportion_steerable, optimum.proportion_steerable + 1e-12) << row.policy;
      EXPECT_LE(row.accuracy.value(), 1.0) << row.policy;
      EXPECT_GE(row.regret.value(), 0.0) << row.policy;
      EXPECT_NEAR(row.regret.value(), optimum.steerability - row.steerability, 1e-12) << row.policy;
    }
  }
}

TEST(Evaluation, GivesGainsThatAreDifferencesOfSteerability) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<PolicyResult> results = evaluate_case(random_case(seed));
    for (const PolicyResult& row : results) {
      if (!row.gain_over_fixed) continue;
      EXPECT_NEAR(row.gain_over_fixed->mean, row.steerability - results.front().steerability, 1e-12);
      EXPECT_LE(row.gain_over_fixed->low, row.gain_over_fixed->mean + 1e-12);
      EXPECT_GE(row.gain_over_fixed->high, row.gain_over_fixed->mean - 1e-12);
    }
  }
}

TEST(Evaluation, DoesNotDependOnTheOrderOfSamples) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const RandomCase made = random_case(seed);
    Random random(1000 + seed);
    RandomCase shuffled = made;
    shuffled.fitting = made.fitting.select(random.permutation(made.fitting.samples));
    const std::vector<std::size_t> order = random.permutation(made.set.steerability.samples);
    const std::size_t width = made.set.embeddings.size() / order.size();
    shuffled.set.steerability = made.set.steerability.select(order);
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        shuffled.set.embeddings[i * width + j] = made.set.embeddings[order[i] * width + j];
      }
    }
    const std::vector<PolicyResult> expected = evaluate_case(made);
    const std::vector<PolicyResult> actual = evaluate_case(shuffled);
    for (const char* name : {"fixed", "majority", "w2s-top1", "w2s-top2", "optimum"}) {
      EXPECT_EQ(policy(actual, name).layer, policy(expected, name).layer) << name;
      EXPECT_NEAR(policy(actual, name).steerability, policy(expected, name).steerability, 1e-12) << name;
      EXPECT_NEAR(policy(actual, name).proportion_steerable, policy(expected, name).proportion_steerable, 1e-12);
      EXPECT_NEAR(policy(actual, name).accuracy.value(), policy(expected, name).accuracy.value(), 1e-12) << name;
    }
  }
}

TEST(Evaluation, GivesRandomLayersTheMeanOverAllLayers) {
  const std::vector<PolicyResult> results = evaluate_test_samples({.bootstrap_draws = 100, .random_draws = 20000});
  const PolicyResult& random = policy(results, "random");
  // By hand: the mean of all twelve values; a draw's mean has the variance of four independent choices.
  EXPECT_NEAR(random.steerability, 7.0 / 12, 0.03);
  const double variance = (2.0 / 3 + 2.0 / 3 + 8.0 / 3 + 50.0 / 9) / 16;
  EXPECT_NEAR(random.steerability_sd.value(), std::sqrt(variance), 0.02);
  EXPECT_NEAR(random.accuracy.value(), 5.0 / 12, 0.01);
}

TEST(Evaluation, GivesTheSameNumbersForTheSameSeed) {
  const std::string first = results_to_json(evaluate_test_samples({.seed = 4}));
  EXPECT_EQ(results_to_json(evaluate_test_samples({.seed = 4})), first);
  EXPECT_NE(results_to_json(evaluate_test_samples({.seed = 5})), first);
}

TEST(Evaluation, GivesARowTheSameNumbersWhateverTheOtherPolicies) {
  PredictorFile fewer = test_predictors();
  fewer.by_policy.erase(top(1));
  const std::vector<PolicyResult> all = evaluate_test_samples();
  const std::vector<PolicyResult> some = evaluate("toy", fitting_samples(), fewer, test_samples());
  for (const PolicyResult& row : some) {
    EXPECT_EQ(results_to_json({{row}}), results_to_json({{policy(all, row.policy)}}));
  }
}

TEST(Evaluation, CountsALayerAsBestIfItTiesWithTheBest) {
  EvaluationSet set = test_samples();
  set.steerability.values = {1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0};
  const std::vector<PolicyResult> results = evaluate("toy", fitting_samples(), test_predictors(), set);
  EXPECT_DOUBLE_EQ(policy(results, "fixed").accuracy.value(), 1.0);
}

TEST(Evaluation, OfSamplesSweptAtSomeLayersLeavesOutWhatNeedsAll) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const SteerabilityMatrix fitting{.samples = 2, .layers = {0, 1, 2}, .values = {1, 3, 2, 1, 3, 2}};
  PredictorFile predictors;
  predictors.by_policy.emplace(test::top(1), test::fitted(test::top(1), {{2, 1}}));
  const EvaluationSet set{
      .steerability = {.samples = 2, .layers = {0, 1, 2}, .values = {unknown, 4, 5, unknown, 6, unknown}},
      .embeddings = test::one_hot({0, 1}, 2)};
  const auto results = evaluate("warm", fitting, predictors, set, {.bootstrap_draws = 50});
  std::vector<std::string> policies;
  for (const auto& row : results) {
    policies.push_back(row.policy);
    EXPECT_FALSE(row.regret || row.accuracy) << row.policy;
  }
  EXPECT_THAT(policies, testing::ElementsAre("fixed", "majority", "w2s-top1"));
  EXPECT_DOUBLE_EQ(test::policy(results, "fixed").steerability, 5);
  EXPECT_DOUBLE_EQ(test::policy(results, "w2s-top1").steerability, 5.5);
  EXPECT_DOUBLE_EQ(test::policy(results, "w2s-top1").gain_over_fixed->mean, 0.5);
}

TEST(Evaluation, NamesTheLayerThatASampleLacks) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const SteerabilityMatrix fitting{.samples = 1, .layers = {0, 1}, .values = {1, 3}};
  PredictorFile predictors;
  predictors.by_policy.emplace(test::top(1), test::fitted(test::top(1), {{0}}));
  const EvaluationSet set{.steerability = {.samples = 1, .layers = {0, 1}, .values = {unknown, 4}},
                          .embeddings = test::one_hot({0}, 1)};
  const Error error = error_of_evaluating(fitting, predictors, set);
  EXPECT_EQ(error.kind(), ErrorKind::results);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("policy w2s-top1 steers at layer 0"), HasSubstr("w2s run")));
}

TEST(Evaluation, KnowsTheLayersThatItsBaselinesNeed) {
  const SteerabilityMatrix fitting{.samples = 3, .layers = {0, 4, 9}, .values = {9, 0, 0, 0, 2, 1, 0, 2, 1}};
  PredictorFile predictors;
  EXPECT_THAT(layers_of_baselines(fitting, predictors), testing::ElementsAre(0, 4));
  predictors.fixed_layer = 9;
  predictors.fixed_layer_method = "oracle";
  EXPECT_THAT(layers_of_baselines(fitting, predictors), testing::ElementsAre(0, 4, 9));
}

TEST(Evaluation, NamesTheLayerThatWasNotSwept) {
  EvaluationSet set = test_samples();
  set.steerability.layers = {3, 6, 8};
  const Error fixed = error_of_evaluating(fitting_samples(), test_predictors(), set);
  EXPECT_EQ(fixed.kind(), ErrorKind::results);
  EXPECT_THAT(fixed.what(), AllOf(HasSubstr("fixed"), HasSubstr("layer 5")));

  set.steerability.layers = {3, 5, 9};
  const Error predicted = error_of_evaluating(fitting_samples(), test_predictors(), set);
  EXPECT_EQ(predicted.kind(), ErrorKind::predictor);
  EXPECT_THAT(predicted.what(), AllOf(HasSubstr("w2s-top1"), HasSubstr("layer 8")));
}

TEST(Evaluation, RefusesFittingSamplesThatWereNotSweptAtAllLayers) {
  SteerabilityMatrix fitting = fitting_samples();
  fitting.values[4] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(error_of_evaluating(fitting, test_predictors(), test_samples()).what(),
              HasSubstr("was not swept at all layers"));
}

TEST(Evaluation, RefusesEmbeddingsOfAnotherWidth) {
  EvaluationSet set = test_samples();
  set.embeddings = one_hot({0, 1, 2, 3}, 5);
  EXPECT_EQ(error_of_evaluating(fitting_samples(), test_predictors(), set).kind(), ErrorKind::predictor);
}

TEST(Evaluation, RefusesPredictorsWithoutASeed) {
  PredictorFile predictors = test_predictors();
  predictors.by_policy.at(top(3)).by_seed.clear();
  const Error error = error_of_evaluating(fitting_samples(), predictors, test_samples());
  EXPECT_EQ(error.kind(), ErrorKind::predictor);
  EXPECT_THAT(error.what(), HasSubstr("w2s-top3"));
}

TEST(Evaluation, RefusesMatricesThatItCannotUse) {
  const SteerabilityMatrix none{.samples = 0, .layers = {3, 5, 8}, .values = {}};
  SteerabilityMatrix short_of_values = fitting_samples();
  short_of_values.values.pop_back();
  SteerabilityMatrix not_finite = fitting_samples();
  not_finite.values[4] = std::numeric_limits<double>::infinity();
  for (const SteerabilityMatrix& matrix : {none, short_of_values, not_finite}) {
    EXPECT_EQ(error_of_evaluating(matrix, test_predictors(), test_samples()).kind(), ErrorKind::data);
    EvaluationSet set = test_samples();
    set.steerability = matrix;
    EXPECT_EQ(error_of_evaluating(fitting_samples(), test_predictors(), set).kind(), ErrorKind::data);
  }
}

TEST(Evaluation, RefusesOptionsOutOfRange) {
  for (const EvaluationOptions& options :
       {EvaluationOptions{.random_draws = 0}, EvaluationOptions{.bootstrap_draws = 0},
        EvaluationOptions{.confidence = 1.0}}) {
    EXPECT_EQ(error_of_evaluating(fitting_samples(), test_predictors(), test_samples(), options).kind(),
              ErrorKind::usage);
  }
}

TEST(MeanOverBehaviors, AveragesEachPolicyThatAllBehaviorsHave) {
  PolicyResult first;
  first.behavior = "a";
  first.policy = "fixed";
  first.layer = 3;
  first.samples = 10;
  first.steerability = 1;
  first.proportion_steerable = 0.5;
  first.regret = 0.4;
  first.accuracy = 0.2;
  PolicyResult second = first;
  second.behavior = "b";
  second.samples = 30;
  second.steerability = 2;
  second.proportion_steerable = 1;
  second.regret = 0.2;
  second.accuracy = 0.4;
  PolicyResult other_variant = first;
  other_variant.variant = "SYS.POS";
  const std::vector<PolicyResult> means = mean_over_behaviors(std::vector{first, other_variant, second});
  ASSERT_EQ(means.size(), 1U);
  EXPECT_EQ(means[0].behavior, "mean");
  EXPECT_EQ(means[0].policy, "fixed");
  EXPECT_EQ(means[0].variant, "BASE");
  EXPECT_FALSE(means[0].layer);
  EXPECT_EQ(means[0].samples, 40U);
  EXPECT_DOUBLE_EQ(means[0].steerability, 1.5);
  EXPECT_DOUBLE_EQ(means[0].proportion_steerable, 0.75);
  EXPECT_DOUBLE_EQ(means[0].regret.value(), 0.3);
  EXPECT_DOUBLE_EQ(means[0].accuracy.value(), 0.3);
}

TEST(MeanOverBehaviors, HasNoFiguresThatTheRowsDoNotTell) {
  PolicyResult first;
  first.behavior = "a";
  first.policy = "w2s-top1";
  first.steerability_sd = 0.1;
  first.proportion_sd = 0.1;
  first.gain_over_fixed = Interval{.mean = 1, .low = 0, .high = 2};
  first.regret = 0.5;
  first.accuracy = 0.5;
  PolicyResult second = first;
  second.behavior = "b";
  second.regret.reset();
  second.accuracy.reset();
  const std::vector<PolicyResult> means = mean_over_behaviors(std::vector{first, second});
  ASSERT_EQ(means.size(), 1U);
  EXPECT_FALSE(means[0].steerability_sd);
  EXPECT_FALSE(means[0].proportion_sd);
  EXPECT_FALSE(means[0].gain_over_fixed);
  EXPECT_FALSE(means[0].regret);
  EXPECT_FALSE(means[0].accuracy);
}

TEST(MeanOverBehaviors, IsEmptyForASingleBehavior) {
  EXPECT_THAT(mean_over_behaviors(evaluate_test_samples()), testing::IsEmpty());
  EXPECT_THAT(mean_over_behaviors({}), testing::IsEmpty());
}

}  // namespace
}  // namespace w2s
