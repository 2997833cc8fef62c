#include "vectors/methods/prompt_condition.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace w2s::methods {
namespace {

using testing::ElementsAre;
using Points = std::vector<std::vector<float>>;

Representations views(const Points& points) { return {points.begin(), points.end()}; }

// For each cosine two points that have it with the first axis, mirrored so that their mean lies on the axis.
Points on_both_sides(const std::vector<float>& cosines) {
  Points points;
  for (const float cosine : cosines) {
    const float sine = std::sqrt(1 - cosine * cosine);
    points.push_back({cosine, sine});
    points.push_back({cosine, -sine});
  }
  return points;
}

TEST(PromptCondition, PointsFromTheOthersMeanToThatOfThePromptsItHoldsFor) {
  const Points positive = {{3, 1, 0}, {5, 1, 0}};
  const Points negative = {{1, 0, 2}, {1, 0, 6}, {1, 3, 1}};
  EXPECT_THAT(fit_condition(views(positive), views(negative)).direction, ElementsAre(3.0F, 0.0F, -3.0F));
}

TEST(PromptCondition, HoldsForTheOneKindAndNotForTheOtherWhereTheyLieApart) {
  const auto positive = on_both_sides({0.9F, 0.5F});
  const auto negative = on_both_sides({0.3F, -0.8F});
  const auto condition = fit_condition(views(positive), views(negative));
  EXPECT_NEAR(condition.threshold, 0.4, 1e-6);
  for (const auto& prompt : positive) EXPECT_TRUE(condition.holds(prompt));
  for (const auto& prompt : negative) EXPECT_FALSE(condition.holds(prompt));
  EXPECT_EQ(balanced_accuracy(condition, views(positive), views(negative)), 1.0);
}

TEST(PromptCondition, DoesNotDependOnARepresentationsLength) {
  const PromptCondition condition{.direction = {1, 0}, .threshold = 0.5F};
  EXPECT_TRUE(condition.holds(std::vector<float>{0.001F, 0.001F}));
  EXPECT_TRUE(condition.holds(std::vector<float>{1000, 1000}));
  EXPECT_FALSE(condition.holds(std::vector<float>{1000, 3000}));
}

TEST(PromptCondition, HoldsAtTheThresholdItself) {
  const PromptCondition condition{.direction = {2, 0}, .threshold = 0};
  EXPECT_TRUE(condition.holds(std::vector<float>{0, 7}));
  EXPECT_FALSE(condition.holds(std::vector<float>{-0.001F, 7}));
}

TEST(PromptCondition, OfTwoThresholdsAsGoodTakesTheOneThatHoldsForMore) {
  // In ascending order: negative, positive, negative, positive. Above either negative, three quarters are right.
  const auto positive = on_both_sides({-0.1F, 0.8F});
  const auto negative = on_both_sides({-0.6F, 0.3F});
  const auto condition = fit_condition(views(positive), views(negative));
  EXPECT_NEAR(condition.threshold, -0.35, 1e-6);
  EXPECT_EQ(balanced_accuracy(condition, views(positive), views(negative)), 0.75);
}

TEST(PromptCondition, CountsBothKindsAlikeHoweverManyThereAreOfEach) {
  // A threshold of 0.75 is right for 14 of 16, one of -0.2 for 10; of each kind it is three quarters at both.
  const auto positive = on_both_sides({0.5F, 0.9F});
  const auto negative = on_both_sides({0.6F, 0.6F, 0.6F, -0.9F, -0.9F, -0.9F});
  EXPECT_NEAR(fit_condition(views(positive), views(negative)).threshold, -0.2, 1e-6);
}

TEST(PromptCondition, HoldsForAllPromptsThatCannotBeToldApart) {
  for (const auto& [positive, negative] : std::vector<std::pair<Points, Points>>{
           {{{2, 0}}, {{1, 0}}}, {{{1, 2}}, {{1, 2}}}, {{{1, 2}, {0, 0}}, {{0.5F, 1}}}}) {
    const auto condition = fit_condition(views(positive), views(negative));
    EXPECT_TRUE(condition.holds(positive.front()));
    EXPECT_TRUE(condition.holds(negative.front()));
    EXPECT_TRUE(condition.holds(std::vector<float>{-1, -1}));
    EXPECT_EQ(balanced_accuracy(condition, views(positive), views(negative)), 0.5);
  }
}

TEST(PromptCondition, IsAsAccurateAsAnyThresholdCouldBe) {
  Random random(5);
  for (int trial = 0; trial < 30; ++trial) {
    const auto draw = [&](float shift) {
      Points points;
      for (std::size_t i = 0; i < 3 + random.below(20); ++i)
        points.push_back({shift + static_cast<float>(random.normal()), static_cast<float>(random.normal()), 2});
      return points;
    };
    const auto positive = draw(0.7F);
    const auto negative = draw(0);
    const auto fitted = fit_condition(views(positive), views(negative));
    double best = 0;
    for (int step = -1000; step <= 1000; ++step) {
      auto other = fitted;
      other.threshold = static_cast<float>(step) / 1000;
      best = std::max(best, balanced_accuracy(other, views(positive), views(negative)));
    }
    EXPECT_GE(balanced_accuracy(fitted, views(positive), views(negative)), best);
    EXPECT_GT(best, 0.5);
  }
}

TEST(BalancedAccuracy, AveragesTheSharesOfBothKindsThatAreRight) {
  const PromptCondition condition{.direction = {1, 0}, .threshold = 0};
  const Points positive = {{1, 0}, {1, 1}, {1, 2}, {-1, 0}};
  const Points negative = {{1, 0}, {-1, 1}};
  EXPECT_EQ(balanced_accuracy(condition, views(positive), views(negative)), (0.75 + 0.5) / 2);
}

}  // namespace
}  // namespace w2s::methods
