#include "data/text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace w2s::data {
namespace {

TEST(Utf8, AcceptsCharactersOfEveryLength) {
  const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBF\xF4\x8F\xBF\xBF";
  EXPECT_EQ(valid_utf8_prefix(text), text.size());
  EXPECT_EQ(valid_utf8_prefix(""), 0U);
}

TEST(Utf8, StopsAtTheFirstByteThatIsIllFormed) {
  constexpr std::string_view overlong_slash = "\xC0\xAF";
  constexpr std::string_view overlong_three = "\xE0\x9F\xBF";
  constexpr std::string_view overlong_four = "\xF0\x8F\xBF\xBF";
  constexpr std::string_view surrogate = "\xED\xA0\x80";
  constexpr std::string_view beyond_unicode = "\xF4\x90\x80\x80";
  constexpr std::string_view lone_continuation = "\x80";
  constexpr std::string_view missing_continuation = "\xE2\x82z";
  constexpr std::string_view truncated = "\xF0\x9F\x98";
  constexpr std::string_view utf16_mark = "\xFF\xFE";
  for (const std::string_view bytes : {overlong_slash, overlong_three, overlong_four, surrogate, beyond_unicode,
                                       lone_continuation, missing_continuation, truncated, utf16_mark}) {
    EXPECT_EQ(valid_utf8_prefix(std::string("ok") + std::string(bytes)), 2U);
  }
}

TEST(Strip, TakesWhitespaceFromBothSides) {
  EXPECT_EQ(strip(" \t(A) \r\n"), "(A)");
  EXPECT_EQ(strip("a b"), "a b");
  EXPECT_EQ(strip(" \n"), "");
  EXPECT_EQ(strip(""), "");
}

TEST(LineOf, CountsFromOne) {
  EXPECT_EQ(line_of("a\nb\nc", 0), 1U);
  EXPECT_EQ(line_of("a\nb\nc", 2), 2U);
  EXPECT_EQ(line_of("a\nb\nc", 99), 3U);
}

}  // namespace
}  // namespace w2s::data
