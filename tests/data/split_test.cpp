#include "w2s/data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "w2s/base.h"

namespace w2s {
namespace {

ErrorKind error_of(std::size_t count, const SplitFractions& fractions = {}) {
  try {
    static_cast<void>(split_samples(count, 0, fractions));
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::engine;
}

TEST(Split, KeepsEverySampleExactlyOnce) {
  for (const std::size_t count : {5U, 10U, 11U, 37U, 200U, 1001U}) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const Split split = split_samples(count, seed);
      std::vector<std::size_t> all = split.train;
      all.insert(all.end(), split.validation.begin(), split.validation.end());
      all.insert(all.end(), split.test.begin(), split.test.end());
      std::ranges::sort(all);
      std::vector<std::size_t> expected(count);
      std::iota(expected.begin(), expected.end(), std::size_t{0});
      EXPECT_EQ(all, expected) << count;
    }
  }
}

TEST(Split, IsFortyTenFifty) {
  const Split split = split_samples(1000, 0);
  EXPECT_EQ(split.train.size(), 400U);
  EXPECT_EQ(split.validation.size(), 100U);
  EXPECT_EQ(split.test.size(), 500U);
}

TEST(Split, HasPartsOfTheAskedSizeToTheNearestSample) {
  for (std::size_t count = 20; count < 300; ++count) {
    const Split split = split_samples(count, 1, {.train = 0.6, .validation = 0.3});
    const auto size = static_cast<double>(count);
    EXPECT_LE(std::abs(static_cast<double>(split.train.size()) - 0.6 * size), 0.51);
    EXPECT_LE(std::abs(static_cast<double>(split.test.size()) - 0.1 * size), 0.51);
  }
}

TEST(Split, IsAscendingWithinEachPart) {
  const Split split = split_samples(101, 4);
  EXPECT_TRUE(std::ranges::is_sorted(split.train));
  EXPECT_TRUE(std::ranges::is_sorted(split.validation));
  EXPECT_TRUE(std::ranges::is_sorted(split.test));
}

TEST(Split, ShufflesWithTheSeed) {
  EXPECT_EQ(split_samples(100, 1).train, split_samples(100, 1).train);
  EXPECT_NE(split_samples(100, 1).train, split_samples(100, 2).train);
  EXPECT_GT(split_samples(100, 1).train.back(), 40U) << "the file's first samples were taken";
}

TEST(Split, FitsOnTrainingAndValidationSamples) {
  const Split split = split_samples(50, 9);
  std::vector<std::size_t> expected = split.train;
  expected.insert(expected.end(), split.validation.begin(), split.validation.end());
  std::ranges::sort(expected);
  EXPECT_EQ(split.fitting(), expected);
}

TEST(Split, RefusesAnEmptyPart) {
  for (const std::size_t count : {0U, 1U, 2U, 4U}) EXPECT_EQ(error_of(count), ErrorKind::data) << count;
  EXPECT_EQ(error_of(10, {.train = 0.98, .validation = 0.01}), ErrorKind::data);
}

TEST(Split, RefusesFractionsThatAreNoSplit) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(error_of(100, {.train = 0.9, .validation = 0.1}), ErrorKind::usage);
  EXPECT_EQ(error_of(100, {.train = -0.4, .validation = 0.1}), ErrorKind::usage);
  EXPECT_EQ(error_of(100, {.train = 0.4, .validation = 0}), ErrorKind::usage);
  EXPECT_EQ(error_of(100, {.train = nan, .validation = 0.1}), ErrorKind::usage);
}

TEST(Split, NamesItsParts) {
  EXPECT_EQ(to_string(SplitPart::train), "train");
  EXPECT_EQ(to_string(SplitPart::validation), "validation");
  EXPECT_EQ(to_string(SplitPart::test), "test");
}

}  // namespace
}  // namespace w2s
