#include "base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

namespace w2s {
namespace {

using testing::ElementsAre;

std::vector<std::uint64_t> first_outputs(Random random, std::size_t count) {
  std::vector<std::uint64_t> outputs(count);
  std::generate(outputs.begin(), outputs.end(), [&] { return random.next(); });
  return outputs;
}

// Computed from the published algorithms in Python, whose integers have no width:
//   def splitmix(s): z = s = (s + 0x9e3779b97f4a7c15) & M; z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & M
//                    z = (z ^ z >> 27) * 0x94d049bb133111eb & M; return s, z ^ z >> 31
//   def rotl(x, k): return (x << k | x >> 64 - k) & M
//   def step(s): out = rotl(s[0] + s[3] & M, 23) + s[0] & M; t = s[1] << 17 & M
//                s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = rotl(s[3], 45); return out
TEST(Random, IsXoshiro256PlusPlusSeededThroughSplitmix64) {
  EXPECT_THAT(first_outputs(Random(0), 4),
              ElementsAre(0x53175d61490b23df, 0x61da6f3dc380d507, 0x5c0fdf91ec9a7bfc, 0x02eebf8c3bbe5e1a));
  EXPECT_THAT(first_outputs(Random(42), 4),
              ElementsAre(0xd0764d4f4476689f, 0x519e4174576f3791, 0xfbe07cfb0c24ed8c, 0xb37d9f600cd835b8));
  EXPECT_THAT(first_outputs(Random(std::numeric_limits<std::uint64_t>::max()), 4),
              ElementsAre(0x56ccf8ce948e27b2, 0xe68588432e5a5b90, 0xe3e9b5a48119ca8b, 0x460f19495532ae73));
}

TEST(RandomBelow, ReachesEveryValueAboutEquallyOften) {
  Random random(1);
  std::array<int, 7> counts{};
  constexpr int draws = 70'000;
  for (int i = 0; i < draws; ++i) ++counts.at(random.below(counts.size()));
  // Six standard deviations of a binomial count: sqrt(70000 * 1/7 * 6/7) = 93.
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 560);
}

TEST(RandomBelow, HasNoModuloBias) {
  Random random(2);
  constexpr std::size_t third = std::size_t{1} << 62U;
  std::size_t in_lowest_third = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::size_t value = random.below(3 * third);
    ASSERT_LT(value, 3 * third);
    if (value < third) ++in_lowest_third;
  }
  // A plain remainder would put half of all draws there. Six standard deviations.
  EXPECT_NEAR(static_cast<double>(in_lowest_third), 1000, 155);
}

TEST(RandomBelow, OneIsAlwaysZero) {
  Random random(3);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0U);
}

TEST(RandomUniform, LiesInTheUnitIntervalWithItsMoments) {
  Random random(4);
  constexpr int draws = 100'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < draws; ++i) {
    const double value = random.uniform();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / draws, 0.5, 0.006);
  EXPECT_NEAR(squares / draws, 1.0 / 3, 0.006);
}

TEST(RandomNormal, HasTheMomentsOfTheStandardNormal) {
  Random random(5);
  constexpr int draws = 200'000;
  std::array<double, 4> moments{};
  int within_one = 0;
  for (int i = 0; i < draws; ++i) {
    const double value = random.normal();
    double power = 1;
    for (double& moment : moments) moment += (power *= value);
    if (std::abs(value) < 1) ++within_one;
  }
  EXPECT_NEAR(moments[0] / draws, 0, 0.014);
  EXPECT_NEAR(moments[1] / draws, 1, 0.02);
  EXPECT_NEAR(moments[2] / draws, 0, 0.06);
  EXPECT_NEAR(moments[3] / draws, 3, 0.14);
  EXPECT_NEAR(static_cast<double>(within_one) / draws, 0.6827, 0.007);
}

TEST(RandomPermutation, ContainsEveryIndexOnce) {
  Random random(6);
  for (const std::size_t count : {0, 1, 2, 3, 10, 257}) {
    std::vector<std::size_t> order = random.permutation(count);
    std::vector<std::size_t> expected(count);
    std::iota(expected.begin(), expected.end(), std::size_t{0});
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, expected);
  }
}

TEST(RandomPermutation, DrawsEveryOrderAboutEquallyOften) {
  Random random(7);
  std::array<std::array<int, 3>, 3> counts{};  // [position][value]
  std::set<std::vector<std::size_t>> orders;
  for (int i = 0; i < 9000; ++i) {
    const std::vector<std::size_t> order = random.permutation(3);
    orders.insert(order);
    for (std::size_t position = 0; position < 3; ++position) ++counts.at(position).at(order[position]);
  }
  EXPECT_EQ(orders.size(), 6U);
  for (const auto& row : counts) {
    for (const int count : row) EXPECT_NEAR(count, 3000, 270);
  }
}

TEST(RandomStream, IsDecidedBySeedAndStreamAlone) {
  EXPECT_EQ(first_outputs(Random::stream(8, 3), 10), first_outputs(Random::stream(8, 3), 10));
  EXPECT_NE(first_outputs(Random::stream(8, 3), 10), first_outputs(Random::stream(8, 4), 10));
  EXPECT_NE(first_outputs(Random::stream(8, 3), 10), first_outputs(Random::stream(9, 3), 10));
}

TEST(RandomStream, OfNeighboursShareNoOutput) {
  std::set<std::uint64_t> outputs;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::uint64_t stream = 0; stream < 20; ++stream) {
      for (const std::uint64_t output : first_outputs(Random::stream(seed, stream), 5)) outputs.insert(output);
    }
  }
  EXPECT_EQ(outputs.size(), 20U * 20U * 5U);
}

TEST(RandomStream, OfNeighboursAreUncorrelated) {
  Random left = Random::stream(10, 0);
  Random right = Random::stream(10, 1);
  constexpr int draws = 100'000;
  double products = 0;
  for (int i = 0; i < draws; ++i) products += left.normal() * right.normal();
  EXPECT_NEAR(products / draws, 0, 0.02);
}

}  // namespace
}  // namespace w2s
