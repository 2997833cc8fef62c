#include "base/finite.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace w2s {
namespace {

TEST(AllFinite, IsTrueOfNumbersAndOfNone) {
  EXPECT_TRUE(all_finite(std::array{0.0F, -1.0F, std::numeric_limits<float>::max()}));
  EXPECT_TRUE(all_finite({}));
}

TEST(AllFinite, IsFalseWhereverOneIsNot) {
  EXPECT_FALSE(all_finite(std::array{std::numeric_limits<float>::quiet_NaN(), 0.0F}));
  EXPECT_FALSE(all_finite(std::array{0.0F, std::numeric_limits<float>::infinity()}));
  EXPECT_FALSE(all_finite(std::array{0.0F, -std::numeric_limits<float>::infinity(), 1.0F}));
}

}  // namespace
}  // namespace w2s
