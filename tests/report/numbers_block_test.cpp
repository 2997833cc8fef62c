#include "report/numbers_block.h"

#include <gmock/gmock.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace w2s::report {
namespace {

using testing::ElementsAre;

struct Numbers {
  std::vector<PropensityMap> propensity;
  std::vector<std::uint8_t> probabilities;
};

std::uint8_t byte(const NumbersBlock& block, std::size_t at) { return static_cast<std::uint8_t>(block.bytes.at(at)); }

float float_at(const NumbersBlock& block, std::size_t at) {
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < 4; ++i) bits |= static_cast<std::uint32_t>(byte(block, at + i)) << (8 * i);
  return std::bit_cast<float>(bits);
}

// As the page does it.
Numbers unpacked(const NumbersBlock& block, std::size_t samples, std::size_t layers, std::size_t multipliers) {
  Numbers numbers;
  const std::size_t count = samples * layers * multipliers;
  const std::size_t high = 4 * samples;
  const std::size_t low = high + count;
  for (std::size_t i = 0; i < samples; ++i) {
    auto& map = numbers.propensity.emplace_back(PropensityMap{.layers = layers, .multipliers = multipliers});
    for (std::size_t j = 0; j < layers * multipliers; ++j) {
      const std::size_t at = i * layers * multipliers + j;
      const auto difference = static_cast<std::int16_t>(byte(block, high + at) << 8U | byte(block, low + at));
      map.values.push_back(static_cast<float>(float_at(block, 4 * i) + difference * block.step));
    }
  }
  for (std::size_t at = low + count; at < block.bytes.size(); ++at) numbers.probabilities.push_back(byte(block, at));
  return numbers;
}

TEST(NumbersBlock, HasTheBytesThatThePageExpects) {
  constexpr std::array multipliers = {-1.0F, 0.25F, 2.0F};
  const std::vector<PropensityMap> propensity = {{.layers = 1, .multipliers = 3, .values = {1.5F, 2.0F, -32765.0F}},
                                                 {.layers = 1, .multipliers = 3, .values = {0.0F, -1.0F, 257.0F}}};
  const auto block = numbers_block(propensity, multipliers, std::array{0.0F, 0.5F, 1.0F});
  EXPECT_DOUBLE_EQ(block.step, 1.0);
  std::vector<int> bytes;
  for (std::size_t i = 0; i < block.bytes.size(); ++i) bytes.push_back(byte(block, i));
  EXPECT_THAT(bytes,
              ElementsAre(0x00, 0x00, 0x00, 0x40,              // 2.0F, at the multiplier nearest to 0
                          0x00, 0x00, 0x80, 0xbf,              // -1.0F
                          0xff, 0x00, 0x80, 0x00, 0x00, 0x01,  // -1 (half a step, away from 0), 0, -32767, 1, ...
                          0xff, 0x00, 0x01, 0x01, 0x00, 0x02,  // ... 0, 258
                          0, 128, 255));
}

TEST(NumbersBlock, GivesPropensitiesBackWithinHalfAStep) {
  constexpr std::size_t samples = 50;
  constexpr std::size_t layers = 7;
  constexpr std::array multipliers = {-1.5F, -0.5F, 0.0F, 0.5F, 1.5F};
  Random random(5);
  for (const double scale : {1e-4, 1.0, 1e4}) {
    std::vector<PropensityMap> propensity;
    for (std::size_t i = 0; i < samples; ++i) {
      auto& map = propensity.emplace_back(PropensityMap{.layers = layers, .multipliers = multipliers.size()});
      for (std::size_t j = 0; j < layers * multipliers.size(); ++j)
        map.values.push_back(static_cast<float>(scale * (random.normal() + 3)));
    }
    const auto block = numbers_block(propensity, multipliers, {});
    const auto numbers = unpacked(block, samples, layers, multipliers.size());
    EXPECT_LT(block.step, 1e-3 * scale);
    EXPECT_TRUE(numbers.probabilities.empty());
    for (std::size_t i = 0; i < samples; ++i)
      for (std::size_t j = 0; j < layers * multipliers.size(); ++j)
        EXPECT_NEAR(numbers.propensity[i].values[j], propensity[i].values[j], 0.501 * block.step);
  }
}

TEST(NumbersBlock, TakesPropensitiesThatNothingMoves) {
  constexpr std::array multipliers = {0.0F, 1.0F};
  const std::vector<PropensityMap> propensity(2, {.layers = 2, .multipliers = 2, .values = {3, 3, 3, 3}});
  const auto block = numbers_block(propensity, multipliers, {});
  EXPECT_GT(block.step, 0);
  for (const auto& map : unpacked(block, 2, 2, 2).propensity) EXPECT_THAT(map.values, ElementsAre(3, 3, 3, 3));
}

}  // namespace
}  // namespace w2s::report
