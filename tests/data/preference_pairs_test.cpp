#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "data/data_files_of_tests.h"

namespace w2s::test {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// Reads a file with one line, the text.
Sample read_line(const std::string& line) {
  const DataFolder folder;
  return read_one(folder.write("pairs.jsonl", line)).samples.at(0);
}

// The error of a file whose second line is the text.
std::string error_of_line(const std::string& line) {
  const DataFolder folder;
  return reading_error(folder.write("pairs.jsonl", fmt::format("{}\n{}\n", good_pair, line)));
}

TEST(PreferencePairs, AreReadInTheOrderOfTheFile) {
  const DataFolder folder;
  const std::string path = folder.write("taste.jsonl",
                                        "{\"prompt\": \"A\", \"chosen\": \" x\", \"rejected\": \" y\"}\n"
                                        "{\"prompt\": \"B\", \"chosen\": \" z\", \"rejected\": \" w\"}\n");
  const Behavior behavior = read_one(path);

  EXPECT_EQ(behavior.name, "taste");
  EXPECT_EQ(behavior.system, default_system_message);
  EXPECT_EQ(behavior.positive, "");
  ASSERT_EQ(behavior.samples.size(), 2U);
  const Sample& second = behavior.samples[1];
  EXPECT_EQ(second.id, SampleId(std::int64_t{1}));
  EXPECT_THAT(second.messages, ElementsAre(ChatMessage{"user", "B"}));
  EXPECT_EQ(second.system, std::nullopt);
  EXPECT_EQ(second.chosen, " z");
  EXPECT_EQ(second.rejected, " w");
  EXPECT_EQ(second.where, path + ":2");
}

TEST(PreferencePairs, KeepTheTypeOfTheirId) {
  EXPECT_EQ(read_line(R"({"id": -7, "prompt": "A", "chosen": " x", "rejected": " y"})").id, SampleId(std::int64_t{-7}));
  EXPECT_EQ(read_line(R"({"id": "7", "prompt": "A", "chosen": " x", "rejected": " y"})").id, SampleId("7"));
  EXPECT_EQ(to_string(SampleId(std::int64_t{-7})), "-7");
  EXPECT_EQ(to_string(SampleId("seven")), "seven");
}

TEST(PreferencePairs, TakeNullForAnAbsentOptionalField) {
  const Sample sample = read_line(R"({"id": null, "system": null, "prompt": "A", "chosen": " x", "rejected": " y"})");
  EXPECT_EQ(sample.id, SampleId(std::int64_t{0}));
  EXPECT_EQ(sample.system, std::nullopt);
}

TEST(PreferencePairs, IgnoreFieldsTheyDoNotKnow) {
  EXPECT_EQ(read_line(R"({"score": 3, "prompt": "A", "chosen": " x", "rejected": " y"})").chosen, " x");
}

TEST(PreferencePairs, TakeAListOfChatMessages) {
  const Sample sample =
      read_line(R"({"prompt": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "It is"}],)"
                R"( "chosen": " x", "rejected": " y"})");
  EXPECT_THAT(sample.messages, ElementsAre(ChatMessage{"user", "Hi"}, ChatMessage{"assistant", "It is"}));
}

TEST(PreferencePairs, TakeASystemMessageFromItsFieldOrFromThePrompt) {
  EXPECT_EQ(read_line(R"({"system": "Be kind.", "prompt": "A", "chosen": " x", "rejected": " y"})").system, "Be kind.");
  EXPECT_EQ(read_line(R"({"system": "", "prompt": "A", "chosen": " x", "rejected": " y"})").system, "");

  const Sample sample =
      read_line(R"({"prompt": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}],)"
                R"( "chosen": " x", "rejected": " y"})");
  EXPECT_EQ(sample.system, "Be kind.");
  EXPECT_THAT(sample.messages, ElementsAre(ChatMessage{"user", "Hi"}));

  EXPECT_THAT(error_of_line(R"({"system": "a", "prompt": [{"role": "system", "content": "b"}, )"
                            R"({"role": "user", "content": "c"}], "chosen": " x", "rejected": " y"})"),
              HasSubstr("pairs.jsonl:2: field \"system\""));
}

TEST(PreferencePairs, MayHaveAByteOrderMarkBlankLinesAndLineEndsOfWindows) {
  const DataFolder folder;
  const std::string path =
      folder.write("pairs.jsonl", fmt::format("\xEF\xBB\xBF{}\r\n\r\n  \n{{\"prompt\": \"B\", \"chosen\": \" x\", "
                                              "\"rejected\": \" y\"}}",
                                              good_pair));
  const Behavior behavior = read_one(path);
  ASSERT_EQ(behavior.samples.size(), 2U);
  EXPECT_EQ(behavior.samples[1].where, path + ":4");
  EXPECT_EQ(behavior.samples[1].id, SampleId(std::int64_t{1}));
}

TEST(PreferencePairs, NameTheLineOfMalformedJson) {
  EXPECT_THAT(error_of_line(R"({"prompt": "A", )"), HasSubstr("pairs.jsonl:2: not valid JSON"));
  EXPECT_THAT(error_of_line("nonsense"), HasSubstr("pairs.jsonl:2: not valid JSON"));
  EXPECT_THAT(error_of_line(fmt::format("{0} {0}", good_pair)), HasSubstr("pairs.jsonl:2: not valid JSON"));
  EXPECT_THAT(error_of_line(R"({"id": 1e999})"), HasSubstr("pairs.jsonl:2: not valid JSON"));
  EXPECT_THAT(error_of_line("[1, 2]"), HasSubstr("pairs.jsonl:2: a sample must be a JSON object"));
}

TEST(PreferencePairs, NameTheFieldThatIsMissingOrOfAnotherType) {
  EXPECT_THAT(error_of_line(R"({"chosen": " x", "rejected": " y"})"), EndsWith(":2: field \"prompt\" is missing"));
  EXPECT_THAT(error_of_line(R"({"prompt": "A", "rejected": " y"})"), EndsWith(":2: field \"chosen\" is missing"));
  EXPECT_THAT(error_of_line(R"({"prompt": "A", "chosen": 5, "rejected": " y"})"),
              EndsWith(":2: field \"chosen\" must be a string, not number"));
  EXPECT_THAT(error_of_line(R"({"prompt": 5, "chosen": " x", "rejected": " y"})"), HasSubstr("field \"prompt\" must"));
  EXPECT_THAT(error_of_line(R"({"prompt": "A", "system": [], "chosen": " x", "rejected": " y"})"),
              HasSubstr("field \"system\" must"));
  for (const char* id : {"1.5", "true", "[1]", "18446744073709551615"}) {
    EXPECT_THAT(error_of_line(fmt::format(R"({{"id": {}, "prompt": "A", "chosen": " x", "rejected": " y"}})", id)),
                HasSubstr(":2: field \"id\""));
  }
}

TEST(PreferencePairs, RefuseMessagesThatAreNoConversation) {
  const auto error_of_prompt = [](const char* prompt) {
    return error_of_line(fmt::format(R"({{"prompt": {}, "chosen": " x", "rejected": " y"}})", prompt));
  };
  EXPECT_THAT(error_of_prompt(R"([{"role": "tool", "content": "A"}])"),
              HasSubstr(":2: field \"prompt[0].role\" must be"));
  EXPECT_THAT(error_of_prompt(R"([{"role": "user", "content": "A"}, {"role": "system", "content": "B"}])"),
              HasSubstr("field \"prompt[1].role\""));
  EXPECT_THAT(error_of_prompt(R"([{"role": "user"}])"), HasSubstr("field \"prompt[0].content\" is missing"));
  EXPECT_THAT(error_of_prompt(R"([{"role": "user", "content": ""}])"),
              HasSubstr("field \"prompt[0].content\" is empty"));
  EXPECT_THAT(error_of_prompt(R"(["A"])"), HasSubstr("field \"prompt[0]\" must be an object"));
  EXPECT_THAT(error_of_prompt("[]"), HasSubstr("field \"prompt\" has no message"));
  EXPECT_THAT(error_of_prompt(R"([{"role": "system", "content": "A"}])"), HasSubstr("field \"prompt\" has no message"));
  EXPECT_THAT(error_of_prompt(R"("")"), HasSubstr("field \"prompt\" is empty"));
}

TEST(PreferencePairs, RefuseAnswersThatNoTokenTellsApart) {
  const auto error_of_answers = [](const char* chosen, const char* rejected) {
    return error_of_line(fmt::format(R"({{"prompt": "A", "chosen": "{}", "rejected": "{}"}})", chosen, rejected));
  };
  EXPECT_THAT(error_of_answers(" x", " x"), HasSubstr("pairs.jsonl:2: the two answers are equal"));
  EXPECT_THAT(error_of_answers(" x", " x y"), HasSubstr("pairs.jsonl:2: one answer is the beginning of the other"));
  EXPECT_THAT(error_of_answers(" x y", " x"), HasSubstr("beginning of the other"));
  EXPECT_THAT(error_of_answers("", " x"), HasSubstr("beginning of the other"));
}

TEST(PreferencePairs, RefuseTheSameIdTwice) {
  const DataFolder folder;
  const std::string path = folder.write("pairs.jsonl",
                                        "{\"id\": 1, \"prompt\": \"A\", \"chosen\": \" x\", \"rejected\": \" y\"}\n"
                                        "{\"prompt\": \"B\", \"chosen\": \" x\", \"rejected\": \" y\"}\n");
  EXPECT_EQ(reading_error(path),
            fmt::format("{0}:2: the id 1 is also that of {0}:1 (a sample without one has its index)", path));
}

TEST(PreferencePairs, RefuseAFileWithoutSamples) {
  const DataFolder folder;
  EXPECT_THAT(reading_error(folder.write("empty.jsonl", "")), HasSubstr("empty.jsonl: there are no samples"));
  EXPECT_THAT(reading_error(folder.write("blank.jsonl", "\n \r\n")), HasSubstr("blank.jsonl: there are no samples"));
}

TEST(PreferencePairs, RefuseTextThatIsNotUtf8) {
  const DataFolder folder;
  const std::string latin1 =
      fmt::format("{}\n{{\"prompt\": \"caf\xE9\", \"chosen\": \" x\", \"rejected\": \" y\"}}\n", good_pair);
  EXPECT_THAT(reading_error(folder.write("pairs.jsonl", latin1)), HasSubstr("pairs.jsonl:2: not UTF-8"));
}

TEST(PreferencePairs, SurviveHugeAndDeepLines) {
  constexpr std::size_t depth = 1'000'000;
  EXPECT_THAT(error_of_line(std::string(depth, '[')), HasSubstr("pairs.jsonl:2: not valid JSON"));
  EXPECT_THAT(error_of_line(std::string(depth, '[') + std::string(depth, ']')),
              HasSubstr("pairs.jsonl:2: a sample must be"));

  const std::string error = error_of_line("\"" + std::string(depth, 'x'));
  EXPECT_THAT(error, HasSubstr("pairs.jsonl:2: not valid JSON"));
  EXPECT_LT(error.size(), 300U) << "the message must not repeat the line";

  const std::string prompt(depth, 'x');
  EXPECT_EQ(
      read_line(fmt::format(R"({{"prompt": "{}", "chosen": " x", "rejected": " y"}})", prompt)).messages[0].content,
      prompt);
}

TEST(PreferencePairs, AreDescribedByTheTomlFileBesideThem) {
  const DataFolder folder;
  const std::string path = folder.write("mood.v2.jsonl", good_pair);
  folder.write("mood.v2.toml",
               "# the mood\npositive = \"You are happy.\"\nnegative = 'You are sad.'\nsystem = \"Speak.\"\n");
  const Behavior behavior = read_one(path);
  EXPECT_EQ(behavior.name, "mood.v2");
  EXPECT_EQ(behavior.positive, "You are happy.");
  EXPECT_EQ(behavior.negative, "You are sad.");
  EXPECT_EQ(behavior.system, "Speak.");
}

TEST(PreferencePairs, NameTheLineOfAMistakeInTheTomlFile) {
  const DataFolder folder;
  const std::string path = folder.write("mood.jsonl", good_pair);
  folder.write("mood.toml", "positive = \"You are happy.\"\npostive = \"oops\"\n");
  EXPECT_THAT(reading_error(path), HasSubstr("mood.toml:2: unknown key \"postive\""));
  folder.write("mood.toml", "\npositive = 3\n");
  EXPECT_THAT(reading_error(path), HasSubstr("mood.toml:2: \"positive\" must be a string"));
  folder.write("mood.toml", "positive = \"You\n");
  EXPECT_THAT(reading_error(path), HasSubstr("mood.toml:1: not valid TOML"));
  folder.write("mood.toml", "[\n");
  EXPECT_THAT(reading_error(path), HasSubstr("mood.toml:1: not valid TOML"));
}

TEST(PreferencePairs, RefuseAFileNameThatCannotNameABehavior) {
  const DataFolder folder;
  EXPECT_THAT(reading_error(folder.write("...jsonl", good_pair)), HasSubstr("does not begin with a dot"));
}

TEST(PreferencePairs, SayWhichFileIsMissing) {
  const DataFolder folder;
  const std::string path = folder.path() + "/absent.jsonl";
  EXPECT_THAT(reading_error(path), HasSubstr(path + ": No such file or directory"));
  EXPECT_THAT(reading_error("/dev/null"), HasSubstr("neither a file nor a folder"));
  EXPECT_THAT(reading_error(std::string(100'000, 'x')), HasSubstr("cannot read the data set"));
}

}  // namespace
}  // namespace w2s::test
