#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "data/data_files_of_tests.h"
#include "support/shared_data.h"

namespace w2s::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string persona_line(std::string_view statement, std::string_view matching = " Yes",
                         std::string_view not_matching = " No") {
  return json{{"question", fmt::format("Would you say this?\n\"{}\"", statement)},
              {"statement", statement},
              {"label_confidence", 0.9},
              {"answer_matching_behavior", matching},
              {"answer_not_matching_behavior", not_matching}}
             .dump() +
         "\n";
}

std::string risk_line(std::string_view question, std::string_view matching = " (A)",
                      std::string_view not_matching = " (B)") {
  return json{{"question", question},
              {"answer_matching_behavior", matching},
              {"answer_not_matching_behavior", not_matching}}
             .dump() +
         "\n";
}

std::string prompt(const Sample& sample) { return sample.messages.at(0).content; }

TEST(ModelWrittenEvaluations, PutPersonaQuestionsAsChoicesThatSwapWithEverySecondSample) {
  const DataFolder folder;
  const Behavior behavior =
      read_one(folder.write("extraversion.jsonl", persona_line("a") + persona_line("b") + persona_line("c") +
                                                      persona_line("d", " No", " Yes")));

  ASSERT_EQ(behavior.samples.size(), 4U);
  EXPECT_THAT(behavior.samples[0].messages,
              ElementsAre(ChatMessage{"user", "Would you say this?\n\"a\"\n\nChoices:\n(A):  No\n(B):  Yes"}));
  EXPECT_EQ(prompt(behavior.samples[1]), "Would you say this?\n\"b\"\n\nChoices:\n(A):  No\n(B):  Yes");
  EXPECT_EQ(prompt(behavior.samples[2]), "Would you say this?\n\"c\"\n\nChoices:\n(A):  Yes\n(B):  No");
  EXPECT_EQ(prompt(behavior.samples[3]), "Would you say this?\n\"d\"\n\nChoices:\n(A):  No\n(B):  Yes");

  std::vector<std::string> chosen;
  for (const Sample& sample : behavior.samples) chosen.push_back(sample.chosen);
  EXPECT_THAT(chosen, ElementsAre(" (B)", " (B)", " (A)", " (A)"));
}

TEST(ModelWrittenEvaluations, KeepTheChoicesOfAdvancedAiRisk) {
  const DataFolder folder;
  const std::string question = "Shall we?\n\nChoices:\n (A) Yes\n (B) No\t";
  const Behavior behavior =
      read_one(folder.write("survival-instinct.jsonl", risk_line(question) + risk_line(question + "!", "(B) ", "(A)")));
  EXPECT_EQ(prompt(behavior.samples[0]), question);
  EXPECT_EQ(behavior.samples[0].chosen, " (A)");
  EXPECT_EQ(behavior.samples[0].rejected, " (B)");
  EXPECT_EQ(behavior.samples[1].chosen, " (B)");
  EXPECT_EQ(behavior.samples[1].rejected, " (A)");
}

TEST(ModelWrittenEvaluations, LoseTheirMetaTags) {
  const DataFolder folder;
  const Behavior behavior =
      read_one(folder.write("x.jsonl", risk_line("an<META_START>pile<META_END> adult<META_START>y<META_END> (A) (B)") +
                                           risk_line("a <META_START> b")));
  EXPECT_EQ(prompt(behavior.samples[0]), "an adult (A) (B)");
  EXPECT_EQ(prompt(behavior.samples[1]), "a <META_START> b");
}

TEST(ModelWrittenEvaluations, OfThePaperGetItsNameDescriptionsAndDirection) {
  const DataFolder folder;
  for (const PaperBehavior& paper : paper_behaviors()) {
    const Behavior behavior = read_one(folder.write(fmt::format("{}.jsonl", paper.mwe_file), risk_line("Q (A) (B)")));
    EXPECT_EQ(behavior.name, paper.name);
    EXPECT_EQ(behavior.positive, paper.positive);
    EXPECT_EQ(behavior.negative, paper.negative);
    EXPECT_EQ(behavior.system, default_system_message);
    EXPECT_EQ(behavior.samples[0].chosen, paper.positive_is_matching ? " (A)" : " (B)") << paper.name;
  }
}

TEST(ModelWrittenEvaluations, BeyondThePaperAreNamedByTheirFileAndMatchingIsPositive) {
  const DataFolder folder;
  const std::string path = folder.write("survival-instinct.jsonl", risk_line("Q (A) (B)"));
  folder.write("survival-instinct.toml", "positive = \"You want to live.\"\n");
  const Behavior behavior = read_one(path);
  EXPECT_EQ(behavior.name, "survival-instinct");
  EXPECT_EQ(behavior.positive, "You want to live.");
  EXPECT_EQ(behavior.samples[0].chosen, " (A)");
}

TEST(ModelWrittenEvaluations, NameTheLineThatIsWrong) {
  const DataFolder folder;
  const auto error_of_line = [&](const std::string& line) {
    return reading_error(folder.write("x.jsonl", risk_line("Q (A) (B)") + line));
  };
  EXPECT_THAT(error_of_line(risk_line("Q", " (A)", " (A)")),
              HasSubstr("x.jsonl:2: field \"answer_not_matching_behavior\" equals the matching answer"));
  EXPECT_THAT(error_of_line(risk_line("Q", " (A)", "(A)")), HasSubstr("x.jsonl:2: the two answers are equal"));
  EXPECT_THAT(error_of_line(risk_line(" ")), HasSubstr("x.jsonl:2: field \"question\" is empty"));
  EXPECT_THAT(error_of_line(R"({"question": "Q", "answer_matching_behavior": " Yes"})"),
              HasSubstr("x.jsonl:2: field \"answer_not_matching_behavior\" is missing"));
  EXPECT_THAT(error_of_line(
                  R"({"question": "Q", "answer_matching_behavior": " Yes", "answer_not_matching_behavior": [" No"]})"),
              HasSubstr("x.jsonl:2: field \"answer_not_matching_behavior\" must be a string, not array"));
}

TEST(PaperBehaviors, AreThirteenOfWhichFiveReverseTheMatchingAnswer) {
  std::vector<std::string_view> reversed;
  for (const PaperBehavior& behavior : paper_behaviors()) {
    EXPECT_TRUE(behavior.positive.ends_with('.')) << behavior.name;
    EXPECT_TRUE(behavior.negative.ends_with('.')) << behavior.name;
    EXPECT_NE(behavior.positive, behavior.negative) << behavior.name;
    if (!behavior.positive_is_matching) reversed.push_back(behavior.name);
  }
  EXPECT_EQ(paper_behaviors().size(), 13U);
  EXPECT_THAT(reversed, ElementsAre("anti-LGBTQ", "not-threat", "narcissism", "physical-force", "myopic"));
}

// The samples of a reference file, by prompt: made with steering-bench's rules from the same evaluations.
class Reference : public testing::TestWithParam<const char*> {};

TEST_P(Reference, SamplesAreAmongThoseReadFromTheEvaluations) {
  const auto shared = shared_data_folder();
  if (!shared) GTEST_SKIP() << "the shared data is not there";
  std::map<std::string, Sample> by_prompt;
  for (Sample& sample : read_one((*shared / "data/mwe/persona/openness.jsonl").string()).samples) {
    by_prompt.emplace(prompt(sample), std::move(sample));
  }
  EXPECT_EQ(by_prompt.size(), 1000U);
  const Behavior reference = read_one((*shared / "reference" / GetParam()).string());
  for (const Sample& expected : reference.samples) {
    const auto found = by_prompt.find(prompt(expected));
    ASSERT_NE(found, by_prompt.end()) << expected.where;
    EXPECT_EQ(found->second.chosen, expected.chosen) << expected.where;
    EXPECT_EQ(found->second.rejected, expected.rejected) << expected.where;
  }
}

INSTANTIATE_TEST_SUITE_P(ModelWrittenEvaluations, Reference, testing::Values("openness.jsonl", "openness.train.jsonl"));

TEST(ModelWrittenEvaluations, OfAllThirteenBehaviorsCanBeReadWithBothLettersEquallyOften) {
  const auto shared = shared_data_folder();
  if (!shared) GTEST_SKIP() << "the shared data is not there";
  const std::vector<Behavior> behaviors = read_behaviors((*shared / "data/mwe").string());
  EXPECT_EQ(behaviors.size(), 13U);
  for (const Behavior& behavior : behaviors) {
    std::map<std::string, std::size_t> chosen;
    for (const Sample& sample : behavior.samples) {
      EXPECT_EQ(prompt(sample).find("<META_"), std::string::npos) << sample.where;
      EXPECT_NE(prompt(sample).find("(B)"), std::string::npos) << sample.where;
      ++chosen[sample.chosen];
    }
    EXPECT_EQ(chosen[" (A)"], behavior.samples.size() / 2) << behavior.name;
    EXPECT_EQ(chosen[" (B)"], behavior.samples.size() / 2) << behavior.name;
  }
}

}  // namespace
}  // namespace w2s::test
