#include "engine/text_stream.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "support/tiny_study.h"

namespace w2s {
namespace {

const std::string replacement = "\xEF\xBF\xBD";

// Fed piece by piece, `cut` bytes at a time; every piece that comes out is checked on its own.
std::string characters(std::string_view bytes, std::size_t cut) {
  CharacterStream stream;
  std::string text;
  for (std::size_t begin = 0; begin < bytes.size(); begin += cut) text += stream.add(bytes.substr(begin, cut));
  return text + stream.finish();
}

bool is_whole(std::string_view text) { return characters(text, text.size() + 1) == text; }

TEST(CharacterStream, HoldsACharacterBackUntilItIsWhole) {
  CharacterStream stream;
  EXPECT_EQ(stream.add("a\xE2"), "a");
  EXPECT_EQ(stream.add("\x82"), "");
  EXPECT_EQ(stream.add("\xAC!"), "\xE2\x82\xAC!");
  EXPECT_EQ(stream.finish(), "");
}

TEST(CharacterStream, GivesTheTextItIsFedHoweverItIsCut) {
  const std::string text = "na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x8C\x8A\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD end";
  for (std::size_t cut = 1; cut < 6; ++cut) EXPECT_EQ(characters(text, cut), text);
}

TEST(CharacterStream, ReplacesBytesThatAreNoCharacter) {
  EXPECT_EQ(characters("a\xFF"
                       "b",
                       1),
            "a" + replacement + "b");
  EXPECT_EQ(characters("\xE2\x82", 1), replacement) << "never finished";
  EXPECT_EQ(characters("\xE2(", 1), replacement + "(") << "the next character is not swallowed";
  EXPECT_EQ(characters("\xC0\xAF", 1), replacement + replacement) << "overlong";
  EXPECT_EQ(characters("\xED\xA0\x80", 1), replacement + replacement + replacement) << "a surrogate";
  EXPECT_EQ(characters("\xF4\x90\x80\x80", 1), replacement + replacement + replacement + replacement) << "too large";
}

TEST(CharacterStream, TurnsAnyBytesIntoTextAlike) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    std::string bytes;
    for (int i = 0; i < 40; ++i) bytes += static_cast<char>(random.below(4) == 0 ? 'a' : 0x80 + random.below(128));
    const auto at_once = characters(bytes, bytes.size());
    EXPECT_TRUE(is_whole(at_once));
    EXPECT_EQ(characters(bytes, 1), at_once);
    EXPECT_EQ(characters(bytes, 3), at_once);
  }
}

struct Stopped {
  std::string text;
  std::optional<std::string> at;
};

Stopped stopped(std::string_view text, const std::vector<std::string>& strings, std::size_t cut) {
  StopStrings stop(strings);
  std::string released;
  for (std::size_t begin = 0; begin < text.size(); begin += cut) released += stop.add(text.substr(begin, cut));
  released += stop.finish();
  return {.text = released, .at = stop.found()};
}

TEST(StopStrings, EndTheTextBeforeThemHoweverItIsCut) {
  for (std::size_t cut = 1; cut < 20; ++cut) {
    const auto result = stopped("one two END three", {"END"}, cut);
    EXPECT_EQ(result.text, "one two ");
    EXPECT_EQ(result.at, "END");
  }
}

TEST(StopStrings, OfSeveralTheOneThatComesFirstEndsTheText) {
  EXPECT_EQ(stopped("a\n\nb###", {"###", "\n\n"}, 50).text, "a");
  EXPECT_EQ(stopped("a\n\nb###", {"###", "\n\n"}, 50).at, "\n\n");
}

TEST(StopStrings, GiveBackWhatOnlyBeganLikeOne) {
  for (std::size_t cut = 1; cut < 12; ++cut) {
    EXPECT_EQ(stopped("EN ENE EEND", {"ENDING"}, cut).text, "EN ENE EEND");
    EXPECT_EQ(stopped("aab", {"aaab"}, cut).text, "aab");
    EXPECT_EQ(stopped("aaaab!", {"aaab"}, cut).text, "a");
  }
}

TEST(StopStrings, HoldBackNoMoreThanTheyMust) {
  StopStrings stop({"END", ""});
  EXPECT_EQ(stop.add("one E"), "one ");
  EXPECT_EQ(stop.add("N"), "");
  EXPECT_EQ(stop.add("!"), "EN!");
  EXPECT_FALSE(stop.found());
}

TEST(TextStream, ShowsNothingOfControlTokensAndOfCharactersThatAreNotWhole) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  TextStream stream(tiny.model(), {"stop"});
  EXPECT_EQ(stream.add('a'), "a");
  EXPECT_EQ(stream.add(test::im_start_token), "");
  EXPECT_EQ(stream.add(0xC3), "");
  EXPECT_EQ(stream.add(0xA9), "\xC3\xA9");
  for (const Token token : std::vector<Token>{'s', 't', 'o'}) EXPECT_EQ(stream.add(token), "");
  EXPECT_EQ(stream.add('p'), "");
  EXPECT_EQ(stream.stopped_at(), "stop");
  EXPECT_EQ(stream.add('x'), "");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TextStream, GivesAtTheEndWhatItHeldBack) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  TextStream stream(tiny.model(), {"stop"});
  EXPECT_EQ(stream.add('s'), "");
  EXPECT_EQ(stream.add(0xC3), "");
  EXPECT_EQ(stream.finish(), "s" + replacement);
}

}  // namespace
}  // namespace w2s
