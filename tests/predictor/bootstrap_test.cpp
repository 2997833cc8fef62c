#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/random.h"
#include "w2s/base.h"
#include "w2s/predictor.h"

namespace w2s {
namespace {

std::vector<double> normal_values(std::size_t count, Random& random) {
  std::vector<double> values(count);
  for (double& value : values) value = 3 + 2 * random.normal();
  return values;
}

ErrorKind kind_of_error(std::span<const double> values, const EvaluationOptions& options) {
  try {
    static_cast<void>(bootstrap_mean(values, options));
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::interrupted;
}

TEST(Bootstrap, CoversTheTrueMeanAboutAsOftenAsItSays) {
  Random random(5);
  for (const double confidence : {0.8, 0.95}) {
    constexpr int rounds = 600;
    int covered = 0;
    for (int round = 0; round < rounds; ++round) {
      const EvaluationOptions options{
          .bootstrap_draws = 400, .confidence = confidence, .seed = static_cast<std::uint64_t>(round)};
      const Interval interval = bootstrap_mean(normal_values(60, random), options);
      if (interval.low <= 3 && 3 <= interval.high) ++covered;
    }
    // Three standard errors of a proportion, and the percentile bootstrap's slight narrowness at 60 samples.
    EXPECT_NEAR(static_cast<double>(covered) / rounds, confidence, 0.05);
  }
}

TEST(Bootstrap, IsAsWideAsTheStandardErrorSays) {
  Random random(6);
  const std::vector<double> values = normal_values(400, random);
  double mean = 0;
  for (const double value : values) mean += value / 400;
  double variance = 0;
  for (const double value : values) variance += (value - mean) * (value - mean) / 399;
  const double standard_error = std::sqrt(variance / 400);
  const Interval interval = bootstrap_mean(values, {});
  EXPECT_DOUBLE_EQ(interval.mean, bootstrap_mean(values, {.seed = 9}).mean);
  EXPECT_NEAR(interval.mean, mean, 1e-12);
  EXPECT_NEAR(interval.low, mean - 1.96 * standard_error, 0.1 * standard_error);
  EXPECT_NEAR(interval.high, mean + 1.96 * standard_error, 0.1 * standard_error);
}

TEST(Bootstrap, ShiftsAndScalesWithItsValues) {
  Random random(7);
  const std::vector<double> values = normal_values(30, random);
  std::vector<double> transformed = values;
  for (double& value : transformed) value = 5 * value - 1;
  const Interval before = bootstrap_mean(values, {});
  const Interval after = bootstrap_mean(transformed, {});
  EXPECT_NEAR(after.mean, 5 * before.mean - 1, 1e-9);
  EXPECT_NEAR(after.low, 5 * before.low - 1, 1e-9);
  EXPECT_NEAR(after.high, 5 * before.high - 1, 1e-9);
}

TEST(Bootstrap, IsWiderForMoreConfidence) {
  Random random(8);
  const std::vector<double> values = normal_values(30, random);
  const Interval narrow = bootstrap_mean(values, {.confidence = 0.5});
  const Interval wide = bootstrap_mean(values, {.confidence = 0.99});
  EXPECT_LT(wide.low, narrow.low);
  EXPECT_LT(narrow.low, narrow.mean);
  EXPECT_LT(narrow.mean, narrow.high);
  EXPECT_LT(narrow.high, wide.high);
}

TEST(Bootstrap, OfValuesThatAreAllEqualIsThatValue) {
  for (const std::size_t count : {1U, 2U, 50U}) {
    const Interval interval = bootstrap_mean(std::vector<double>(count, -0.5), {});
    EXPECT_EQ(interval.mean, -0.5);
    EXPECT_EQ(interval.low, -0.5);
    EXPECT_EQ(interval.high, -0.5);
  }
}

TEST(Bootstrap, GivesTheSameIntervalForTheSameSeed) {
  Random random(9);
  const std::vector<double> values = normal_values(30, random);
  EXPECT_EQ(bootstrap_mean(values, {.seed = 1}).low, bootstrap_mean(values, {.seed = 1}).low);
  EXPECT_NE(bootstrap_mean(values, {.seed = 1}).low, bootstrap_mean(values, {.seed = 2}).low);
}

TEST(Bootstrap, RefusesWhatItCannotDo) {
  const std::vector<double> values = {1, 2};
  EXPECT_EQ(kind_of_error({}, {}), ErrorKind::data);
  EXPECT_EQ(kind_of_error(values, {.bootstrap_draws = 0}), ErrorKind::usage);
  for (const double confidence : {0.0, 1.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(kind_of_error(values, {.confidence = confidence}), ErrorKind::usage);
  }
}

}  // namespace
}  // namespace w2s
