#include "predictor/cross_validation.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>

#include "predictor/synthetic_samples.h"

namespace w2s {
namespace {

using ::testing::DoubleNear;

TrainingSet training_set(std::size_t samples, double noise = 0.1) {
  const auto made = test::synthetic_samples(samples, 20, 5, noise, 1);
  return make_training_set(made.embeddings, made.steerability, label_layers(made.steerability, 1));
}

PredictorOptions small_options() {
  PredictorOptions options;
  options.grid = {.learning_rates = {1e-2}, .hidden_widths = {8, 16}, .hidden_layers = {1}, .weight_decays = {0.1}};
  options.max_epochs = 30;
  options.patience = 5;
  return options;
}

TEST(Folds, HoldEverySampleExactlyOnceInNearlyEqualParts) {
  const auto folds = make_folds(23, 5, 3);
  std::vector<int> seen(23);
  for (const auto& fold : folds) {
    EXPECT_GE(fold.size(), 4U);
    EXPECT_LE(fold.size(), 5U);
    for (const auto sample : fold) ++seen[static_cast<std::size_t>(sample)];
  }
  EXPECT_THAT(seen, ::testing::Each(1));
  EXPECT_NE(folds, make_folds(23, 5, 4));
}

TEST(CrossValidation, DoesNotDependOnTheNumberOfThreads) {
  const auto set = training_set(60);
  auto options = small_options();
  options.threads = 1;
  const auto one = cross_validate(set, options, "test", {});
  options.threads = 4;
  const auto four = cross_validate(set, options, "test", {});
  ASSERT_EQ(one.scores.size(), four.scores.size());
  for (std::size_t i = 0; i < one.scores.size(); ++i) {
    EXPECT_EQ(one.scores[i].settings, four.scores[i].settings);
    EXPECT_EQ(one.scores[i].steerability, four.scores[i].steerability);
    EXPECT_EQ(one.scores[i].accuracy, four.scores[i].accuracy);
    EXPECT_EQ(one.scores[i].epochs, four.scores[i].epochs);
  }
  EXPECT_EQ(one.curves, four.curves);
}

TEST(CrossValidation, ScoresASettingTheSameWhateverElseIsInTheGrid) {
  const auto set = training_set(60);
  auto options = small_options();
  const auto both = cross_validate(set, options, "test", {});
  options.grid.hidden_widths = {16};
  const auto alone = cross_validate(set, options, "test", {});
  EXPECT_EQ(alone.scores.front().steerability, both.scores.back().steerability);
  EXPECT_EQ(alone.scores.front().epochs, both.scores.back().epochs);
  EXPECT_EQ(alone.curves.front(), both.curves.back());
}

// The epochs of a score are those at which its curves are lowest.
TEST(CrossValidation, FollowsTheLossOfEveryNetwork) {
  const auto options = small_options();
  const auto found = cross_validate(training_set(60), options, "test", {});
  ASSERT_EQ(found.curves.size(), found.scores.size());
  for (std::size_t i = 0; i < found.curves.size(); ++i) {
    ASSERT_EQ(found.curves[i].size(), options.folds);
    double best_epochs = 0;
    for (const auto& [training, held_out] : found.curves[i]) {
      EXPECT_EQ(training.size(), held_out.size());
      EXPECT_LT(training.back(), training.front());
      const auto best = std::ranges::min_element(held_out) - held_out.begin() + 1;
      EXPECT_EQ(held_out.size(), std::min(options.max_epochs, static_cast<std::size_t>(best) + options.patience));
      best_epochs += static_cast<double>(best);
    }
    EXPECT_DOUBLE_EQ(found.scores[i].epochs, best_epochs / static_cast<double>(options.folds));
  }
}

// A sample's class yields 1 and every other class 0, so that the mean steerability is the accuracy.
TEST(CrossValidation, ScoresTheSteerabilityAtThePredictedLayersOfHeldOutSamples) {
  auto set = training_set(60, 1.0);
  set.class_steerability.setZero();
  for (std::size_t i = 0; i < set.classes.size(); ++i) {
    set.class_steerability(set.classes[i], static_cast<Eigen::Index>(i)) = 1;
  }
  for (const auto& score : cross_validate(set, small_options(), "test", {}).scores) {
    EXPECT_THAT(score.steerability, DoubleNear(score.accuracy, 1e-12));
    EXPECT_GT(score.accuracy, 1.0 / static_cast<double>(set.class_count())) << "better than chance";
    EXPECT_LT(score.accuracy, 1) << "held-out samples with noise";
  }
}

TEST(CrossValidation, LearnsNothingFromLabelsThatHaveNothingToDoWithTheInput) {
  auto set = training_set(200);
  Random random(5);
  for (auto& label : set.classes) label = static_cast<Eigen::Index>(random.below(2));
  set.class_steerability = Eigen::MatrixXd::Zero(2, set.samples());
  for (const auto& score : cross_validate(set, small_options(), "test", {}).scores) {
    EXPECT_THAT(score.accuracy, DoubleNear(0.5, 0.12)) << "a training sample leaked into its held-out fold";
  }
}

TEST(BestScore, IsTheMostSteerableThenTheSmallestThenTheFirst) {
  const auto score = [](double learning_rate, std::size_t width, double steerability) {
    return CrossValidationScore{.settings = {.learning_rate = learning_rate, .hidden_width = width},
                                .steerability = steerability};
  };
  EXPECT_EQ(best_score(std::array{score(1, 64, 0.5), score(2, 64, 0.7), score(3, 64, 0.6)}).settings.learning_rate, 2);
  EXPECT_EQ(best_score(std::array{score(1, 64, 0.5), score(2, 32, 0.5), score(3, 32, 0.5)}).settings.learning_rate, 2);
}

}  // namespace
}  // namespace w2s
