#include "w2s/option.h"

#include <gmock/gmock.h>

#include "support/error_of.h"

namespace w2s {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string refusal(const Option& option, const OptionTexts& values) {
  return test::message_of(ErrorKind::usage, [&] { option.set(values); });
}

TEST(Option, IsKnownByItsLongName) {
  bool target = false;
  EXPECT_EQ(flag("-t,--threads", target, "").key(), "threads");
  EXPECT_EQ(flag("--temp,--temperature", target, "").key(), "temp");
  EXPECT_EQ(flag("DIR", target, "").key(), "DIR");
}

TEST(Option, WritesTheSettingThatItIsBoundTo) {
  int count = 3;
  const auto counted = option("--count", count, whole_number(-1), "");
  EXPECT_EQ(counted.default_text, "3");
  counted.set({"-1"});
  EXPECT_EQ(count, -1);
  EXPECT_THAT(counted.shown(), ElementsAre("-1"));

  std::vector<double> rates = {1e-3, 1};
  const auto listed = option("--rates", rates, number_above_0(), "");
  EXPECT_EQ(listed.default_text, "0.001,1");
  listed.set({"0.5", "+2"});
  EXPECT_THAT(rates, ElementsAre(0.5, 2));

  std::optional<std::uint64_t> seed;
  const auto optional = option("--seed", seed, any_count(), "");
  EXPECT_THAT(optional.shown(), IsEmpty());
  optional.set({"7"});
  EXPECT_EQ(seed, 7U);
}

TEST(Option, RefusesWhatIsNoWholeNumberOrOutOfRange) {
  std::size_t count = 3;
  const auto counted = option("--count", count, whole_number(2, 9), "");
  for (const char* text : {"1", "-1", "", "x", "2.5", "3 ", "\"3\""})
    EXPECT_THAT(refusal(counted, {text}), HasSubstr("must be a whole number, 2 at least")) << text;
  for (const char* text : {"10", "99999999999999999999"})
    EXPECT_THAT(refusal(counted, {text}), HasSubstr("must be at most 9")) << text;
  EXPECT_EQ(count, 3U);
}

TEST(Option, RefusesWhatIsNoNumberOrOutOfRange) {
  double value = 0.5;
  const auto between = option("--confidence", value, number_between(0.5, 0.9), "");
  EXPECT_THAT(refusal(between, {"0.95"}), HasSubstr("must be 0.5 to 0.9, not '0.95'"));
  for (const char* text : {"", "nan", "inf", "1e999", "0.5x"})
    EXPECT_THAT(refusal(between, {text}), HasSubstr("must be a number")) << text;
  EXPECT_THAT(refusal(option("--rate", value, number_above_0(), ""), {"0"}), HasSubstr("must be above 0"));
  EXPECT_THAT(refusal(option("--decay", value, number_from_0(), ""), {"-0.1"}), HasSubstr("must be 0 at least"));
}

TEST(Option, TakesPathsRelativeToWhereItIsWritten) {
  std::filesystem::path path;
  const auto file = option("--file", path, any_path("FILE"), "");
  EXPECT_EQ(file.in_folder("a.gguf", "/models"), "/models/a.gguf");
  EXPECT_EQ(file.in_folder("/b.gguf", "/models"), "/b.gguf");
}

TEST(Option, TakesAWordInsteadOfItsValues) {
  std::vector<int> numbers = {1};
  const auto all = option("--numbers", numbers, whole_number(0), "").or_word("all", [&] { numbers.clear(); });
  all.check("all");
  all.set({"all"});
  EXPECT_THAT(numbers, IsEmpty());
  EXPECT_THAT(refusal(all, {"1", "all"}), HasSubstr("not 'all'"));
}

}  // namespace
}  // namespace w2s
