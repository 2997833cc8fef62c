#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "data/data_files_of_tests.h"

namespace w2s::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// As steering-bench writes its files: a list of examples, indented by four spaces.
constexpr std::string_view two_examples = R"json([
    {
        "positive": {
            "prompt": "Q1 \"[quoted}\"\n\nChoices:\n(A):  No\n(B):  Yes",
            "response": "(B)"
        },
        "negative": {
            "prompt": "Q1 \"[quoted}\"\n\nChoices:\n(A):  No\n(B):  Yes",
            "response": "(A)"
        },
        "meta": null,
        "steering_token_index": -2
    },
    {
        "positive": {
            "prompt": "Q2",
            "response": " (A)"
        },
        "negative": {
            "prompt": "Q2",
            "response": " (B)"
        },
        "meta": {"source": ["a", "b"]},
        "steering_token_index": -2
    }
])json";

std::string completion(const std::string& prompt, const std::string& response) {
  return R"({"prompt": ")" + prompt + R"(", "response": ")" + response + "\"}";
}

std::string example(const std::string& positive, const std::string& negative) {
  return R"([{"positive": )" + positive + ",\n\"negative\": " + negative + "}]";
}

TEST(SteeringBench, ExamplesBecomeSamplesWithOneSpaceBeforeTheAnswer) {
  const DataFolder folder;
  const std::string path = folder.write("extraversion.json", two_examples);
  const Behavior behavior = read_one(path);

  EXPECT_EQ(behavior.name, "extraversion");
  EXPECT_EQ(behavior.system, default_system_message);
  ASSERT_EQ(behavior.samples.size(), 2U);
  const Sample& first = behavior.samples[0];
  EXPECT_EQ(first.id, SampleId(std::int64_t{0}));
  EXPECT_THAT(first.messages, ElementsAre(ChatMessage{"user", "Q1 \"[quoted}\"\n\nChoices:\n(A):  No\n(B):  Yes"}));
  EXPECT_EQ(first.chosen, " (B)");
  EXPECT_EQ(first.rejected, " (A)");
  EXPECT_EQ(first.where, path + ":2");
  EXPECT_EQ(behavior.samples[1].chosen, " (A)");
  EXPECT_EQ(behavior.samples[1].where, path + ":14");
}

TEST(SteeringBench, FilesOfThePaperGetItsNameDescriptionsAndDirection) {
  const DataFolder folder;
  const Behavior openness = read_one(folder.write("openness.json", two_examples));
  EXPECT_EQ(openness.positive, "You are high in openness (The Big Five personality trait).");
  EXPECT_EQ(openness.samples[0].chosen, " (B)");

  const Behavior myopic = read_one(folder.write("myopic-reward.json", two_examples));
  EXPECT_EQ(myopic.name, "myopic");
  EXPECT_EQ(myopic.samples[0].chosen, " (A)");
  EXPECT_EQ(myopic.samples[0].rejected, " (B)");
}

TEST(SteeringBench, GivesTheSamplesOfTheEvaluationsItWasMadeFrom) {
  const DataFolder folder;
  const std::string prompt = R"(Q\n\nChoices:\n(A):  No\n(B):  Yes)";
  const Behavior processed =
      read_one(folder.write("b/narcissism.json", example(completion(prompt, "(B)"), completion(prompt, "(A)"))));
  const Behavior original = read_one(
      folder.write("a/narcissism.jsonl",
                   R"({"question": "Q", "answer_matching_behavior": " Yes", "answer_not_matching_behavior": " No"})"));
  EXPECT_EQ(content_hash(processed), content_hash(original));
}

TEST(SteeringBench, NamesTheLineOfTheExampleThatIsWrong) {
  const DataFolder folder;
  const auto error_of = [&](const std::string& content) { return reading_error(folder.write("x.json", content)); };
  const std::string good = completion("Q", "(A)");

  EXPECT_THAT(error_of("[\n\n{\"positive\": " + good + "}]"), HasSubstr("x.json:3: field \"negative\" is missing"));
  EXPECT_THAT(error_of(example(good, "5")), HasSubstr("x.json:1: field \"negative\" must be an object, not number"));
  EXPECT_THAT(error_of(example(good, R"({"prompt": "Q"})")), HasSubstr("field \"negative.response\" is missing"));
  EXPECT_THAT(error_of(example(good, completion("R", "(B)"))),
              HasSubstr("field \"negative.prompt\" differs from \"positive.prompt\""));
  EXPECT_THAT(error_of(example(completion("", "(A)"), completion("", "(B)"))), HasSubstr("positive.prompt\" is empty"));
  EXPECT_THAT(error_of(example(good, good)), HasSubstr("x.json:1: the two answers are equal"));
  EXPECT_THAT(error_of(example(good, completion("Q", ""))), HasSubstr("beginning of the other"));
  EXPECT_THAT(error_of("[5]"), HasSubstr("x.json:1: a sample must be a JSON object"));
  EXPECT_THAT(error_of("[]"), HasSubstr("x.json: there are no samples"));
}

TEST(SteeringBench, NamesTheLineOfMalformedJson) {
  const DataFolder folder;
  const auto error_of = [&](std::string_view content) { return reading_error(folder.write("x.json", content)); };
  EXPECT_THAT(error_of("[\n{\"positive\": {\n\"prompt\": nonsense}}]"), HasSubstr("x.json:3: not valid JSON"));
  EXPECT_THAT(error_of(two_examples.substr(0, two_examples.size() - 1)), HasSubstr("may be truncated"));
  EXPECT_THAT(error_of(two_examples.substr(0, 100)), HasSubstr("may be truncated"));
}

}  // namespace
}  // namespace w2s::test
