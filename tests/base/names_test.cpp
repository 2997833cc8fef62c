#include "base/names.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace w2s {
namespace {

enum class Color { red, green, unnamed };

constexpr std::array names = {std::pair{Color::red, std::string_view("red")},
                              std::pair{Color::green, std::string_view("green")}};

TEST(Names, AreThoseOfTheirValues) {
  EXPECT_EQ(name_of(names, Color::green), "green");
  EXPECT_EQ(name_of(names, Color::unnamed), "unknown");
}

TEST(Names, FindTheirValues) {
  EXPECT_EQ(find_by_name(names, "red"), Color::red);
  EXPECT_EQ(find_by_name(names, "Red"), std::nullopt);
  EXPECT_EQ(find_by_name(names, ""), std::nullopt);
}

TEST(Names, AreListedInTheirOrder) { EXPECT_EQ(list_names(names), "red, green"); }

}  // namespace
}  // namespace w2s
