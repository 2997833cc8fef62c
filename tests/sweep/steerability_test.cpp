#include "w2s/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "w2s/base.h"

namespace w2s {
namespace {

struct Line {
  std::vector<float> multipliers;
  std::vector<float> propensity;
};

Line random_points(Random& random) {
  Line points;
  const std::size_t count = 2 + random.below(9);
  for (std::size_t i = 0; i < count; ++i) {
    points.multipliers.push_back(static_cast<float>(i) * 0.5F - 1.5F);
    points.propensity.push_back(static_cast<float>(3 * random.normal()));
  }
  return points;
}

double slope(const Line& points) { return steerability(points.multipliers, points.propensity); }

ErrorKind kind_of_error(const Line& points) {
  try {
    static_cast<void>(slope(points));
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::engine;
}

TEST(Steerability, OfAnExactLineIsItsSlope) {
  // All of these are exact in a float.
  for (const float expected : {-4.0F, -0.25F, 0.0F, 0.5F, 3.0F}) {
    Line line;
    for (const float multiplier : default_multipliers) {
      line.multipliers.push_back(multiplier);
      line.propensity.push_back(expected * multiplier - 7.25F);
    }
    EXPECT_DOUBLE_EQ(slope(line), static_cast<double>(expected));
  }
}

TEST(Steerability, OfTwoPointsIsTheirDifferenceQuotient) {
  EXPECT_DOUBLE_EQ(slope({{-1.0F, 3.0F}, {2.0F, 10.0F}}), 2.0);
}

TEST(Steerability, IsTheLeastSquaresSlopeWherePointsAreOffTheLine) {
  // Worked by hand: deviations -1, 0, 1 times propensities 0, 5, 1 over their squares.
  EXPECT_DOUBLE_EQ(slope({{0.0F, 1.0F, 2.0F}, {0.0F, 5.0F, 1.0F}}), 0.5);
}

TEST(Steerability, OfAConstantIsExactlyZero) {
  for (const float constant : {0.1F, -3.3F, 1e30F}) {
    EXPECT_EQ(slope({{-1.0F, 0.0F, 0.1F}, {constant, constant, constant}}), 0.0);
  }
}

TEST(Steerability, DoesNotChangeWhenPropensityIsShifted) {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    Line points = random_points(random);
    const double before = slope(points);
    for (float& value : points.propensity) value += 16.0F;
    EXPECT_NEAR(slope(points), before, 1e-5);
  }
}

TEST(Steerability, DoesNotDependOnTheOrderOfTheMultipliers) {
  Random random(2);
  for (int round = 0; round < 200; ++round) {
    const Line points = random_points(random);
    Line shuffled;
    for (const std::size_t i : random.permutation(points.multipliers.size())) {
      shuffled.multipliers.push_back(points.multipliers[i]);
      shuffled.propensity.push_back(points.propensity[i]);
    }
    EXPECT_NEAR(slope(shuffled), slope(points), 1e-12);
  }
}

TEST(Steerability, ScalesWithPropensityAndInverselyWithTheMultipliers) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    const Line points = random_points(random);
    Line larger = points;
    for (float& value : larger.propensity) value *= 4.0F;
    EXPECT_NEAR(slope(larger), 4 * slope(points), 1e-12);
    Line wider = points;
    for (float& value : wider.multipliers) value *= 4.0F;
    EXPECT_NEAR(slope(wider), slope(points) / 4, 1e-12);
  }
}

TEST(Steerability, RefusesMultipliersThatMakeNoLine) {
  EXPECT_EQ(kind_of_error({{}, {}}), ErrorKind::usage);
  EXPECT_EQ(kind_of_error({{1.0F}, {2.0F}}), ErrorKind::usage);
  EXPECT_EQ(kind_of_error({{0.1F, 0.1F, 0.1F}, {1.0F, 2.0F, 3.0F}}), ErrorKind::usage);
  EXPECT_EQ(kind_of_error({{0.0F, 1.0F}, {1.0F}}), ErrorKind::usage);
}

TEST(Steerability, OfAMapIsThatOfEachOfItsLayers) {
  const std::vector<float> multipliers = {-1.0F, 0.0F, 1.0F};
  const PropensityMap map{2, 3, {-2.0F, 0.0F, 2.0F, 1.0F, 0.5F, 0.0F}};
  EXPECT_THAT(steerability(multipliers, map), testing::ElementsAre(2.0, -0.5));
}

TEST(Steerability, RefusesAMapOfAnotherShape) {
  const std::vector<float> multipliers = {-1.0F, 0.0F, 1.0F};
  EXPECT_THROW(static_cast<void>(steerability(multipliers, PropensityMap{2, 3, {1.0F, 2.0F}})), Error);
  EXPECT_THROW(static_cast<void>(steerability(multipliers, PropensityMap{1, 2, {1.0F, 2.0F}})), Error);
}

TEST(BestLayer, IsTheFirstOfTheLargest) {
  EXPECT_EQ(best_layer(std::vector<double>{-1.0, 3.0, 2.0, 3.0}), 1U);
  EXPECT_EQ(best_layer(std::vector<double>{-3.0, -1.0}), 1U);
}

TEST(BestLayer, NeedsALayer) { EXPECT_THROW(static_cast<void>(best_layer({})), Error); }

}  // namespace
}  // namespace w2s
