#include "base/values.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <vector>

namespace w2s {
namespace {

TEST(AllFinite, IsTrueOfNumbersAndOfNone) {
  EXPECT_TRUE(all_finite(std::array{0.0F, -1.0F, std::numeric_limits<float>::max()}));
  EXPECT_TRUE(all_finite(std::array{0.0, -1.0, std::numeric_limits<double>::max()}));
  EXPECT_TRUE(all_finite(std::vector<float>()));
}

TEST(AllFinite, IsFalseWhereverOneIsNot) {
  EXPECT_FALSE(all_finite(std::array{std::numeric_limits<float>::quiet_NaN(), 0.0F}));
  EXPECT_FALSE(all_finite(std::array{0.0F, std::numeric_limits<float>::infinity()}));
  EXPECT_FALSE(all_finite(std::array{0.0F, -std::numeric_limits<float>::infinity(), 1.0F}));
  EXPECT_FALSE(all_finite(std::array{0.0, std::numeric_limits<double>::quiet_NaN()}));
  EXPECT_FALSE(all_finite(std::array{std::numeric_limits<double>::infinity(), 1.0}));
}

TEST(IsZero, IsFalseWhereverOneIsNot) {
  EXPECT_TRUE(is_zero(std::array{0.0F, -0.0F}));
  EXPECT_TRUE(is_zero(std::vector<float>()));
  EXPECT_FALSE(is_zero(std::array{std::numeric_limits<float>::denorm_min(), 0.0F}));
  EXPECT_FALSE(is_zero(std::array{0.0F, std::numeric_limits<float>::quiet_NaN()}));
}

}  // namespace
}  // namespace w2s
