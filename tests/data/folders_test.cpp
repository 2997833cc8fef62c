#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "data/data_files_of_tests.h"

namespace w2s::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view evaluation =
    R"json({"question": "Q (A) (B)", "answer_matching_behavior": " (A)", "answer_not_matching_behavior": " (B)"})json";
constexpr std::string_view processed =
    R"json([{"positive": {"prompt": "Q", "response": "(A)"}, "negative": {"prompt": "Q", "response": "(B)"}}])json";

std::vector<std::string> names(const std::string& source, const DataSelection& selection = {}) {
  std::vector<std::string> result;
  for (const Behavior& behavior : read_behaviors(source, selection)) result.push_back(behavior.name);
  return result;
}

TEST(Folders, GiveABehaviorForEachDataFileInTheOrderOfTheirPaths) {
  const DataFolder folder;
  folder.write("b.jsonl", good_pair);
  folder.write("sub/deeper/a.jsonl", good_pair);
  folder.write("mwe_persona/openness.json", processed);
  EXPECT_THAT(names(folder.path()), ElementsAre("b", "openness", "a"));
}

TEST(Folders, MayHoldOtherFiles) {
  const DataFolder folder;
  folder.write("a.jsonl", good_pair);
  folder.write("a.toml", "positive = \"You are a.\"\n");
  folder.write("predictor.gguf", "GGUF");
  folder.write("README.md", "# data");
  folder.write("results.json", R"({"results": []})");
  folder.write("list.json", R"([{"name": "x"}])");
  folder.write("empty.json", "");
  folder.write(".hidden.jsonl", "nonsense");
  folder.write(".git/objects/x.jsonl", "nonsense");
  EXPECT_THAT(names(folder.path()), ElementsAre("a"));
}

TEST(Folders, WithoutDataFilesAreAnError) {
  const DataFolder folder;
  EXPECT_THAT(reading_error(folder.path()), HasSubstr("no data set in this folder"));
  folder.write("results.json", "{}");
  EXPECT_THAT(reading_error(folder.path()), HasSubstr("no data set in this folder"));
}

TEST(Folders, OfTheEvaluationsGiveOnlyTheBehaviorsOfThePaper) {
  const DataFolder folder;
  for (const PaperBehavior& behavior : paper_behaviors()) {
    folder.write("evals/" + std::string(behavior.mwe_file) + ".jsonl", evaluation);
  }
  folder.write("evals/persona/extraversion.jsonl", evaluation);
  folder.write("evals/advanced-ai-risk/human_generated_evals/myopic-reward.jsonl", evaluation);
  folder.write("evals/advanced-ai-risk/lm_generated_evals/survival-instinct.jsonl", evaluation);
  folder.write("evals/sycophancy/sycophancy_on_nlp_survey.jsonl", "nonsense");
  folder.write("evals/winogenerated/winogenerated_examples.jsonl", "nonsense");
  folder.write("mine/persona.jsonl", good_pair);

  EXPECT_EQ(names(folder.path() + "/evals").size(), 13U);
  EXPECT_EQ(names(folder.path() + "/evals/").size(), 13U);
  EXPECT_THAT(names(folder.path() + "/evals/persona", {.behaviors = {"narcissism"}}), ElementsAre("narcissism"));
  EXPECT_EQ(names(folder.path() + "/evals/persona").size(), 8U);
  EXPECT_EQ(names(folder.path()).size(), 14U) << "the user's own file beside the checkout";
  EXPECT_THAT(names(folder.path() + "/evals/persona/extraversion.jsonl"), ElementsAre("extraversion"))
      << "a file that is named is read";
}

TEST(Folders, AreReadOnlyAsFarAsBehaviorsAreSelected) {
  const DataFolder folder;
  folder.write("good.jsonl", good_pair);
  folder.write("broken.jsonl", "nonsense");
  folder.write("subscribes-to-deontology.jsonl", evaluation);
  EXPECT_THAT(names(folder.path(), {.behaviors = {"good", "deontology"}}), ElementsAre("good", "deontology"));
  EXPECT_THAT(reading_error(folder.path()), HasSubstr("broken.jsonl:1"));
}

TEST(Folders, NameWhatThereIsWhenASelectedBehaviorIsNot) {
  const DataFolder folder;
  folder.write("good.jsonl", good_pair);
  folder.write("subscribes-to-deontology.jsonl", evaluation);
  EXPECT_THAT(reading_error(folder.path(), {.behaviors = {"good", "bad"}}),
              AllOf(HasSubstr("no behavior \"bad\""), HasSubstr("good, deontology")));
  EXPECT_THAT(reading_error(folder.path(), {.behaviors = {"subscribes-to-deontology"}}), HasSubstr("no behavior"))
      << "evaluations of the paper have the paper's name only";
}

TEST(Folders, WithTwoFilesOfOneBehaviorAreAnError) {
  const DataFolder folder;
  folder.write("x/same.jsonl", good_pair);
  folder.write("y/same.jsonl", good_pair);
  EXPECT_THAT(reading_error(folder.path()),
              AllOf(HasSubstr("\"same\""), HasSubstr("x/same.jsonl"), HasSubstr("y/same.jsonl")));
}

TEST(Folders, MayBeCircular) {
  const DataFolder folder;
  folder.write("sub/a.jsonl", good_pair);
  std::filesystem::create_directory_symlink(folder.path(), folder.path() + "/sub/loop");
  EXPECT_THAT(names(folder.path()), ElementsAre("a"));
}

TEST(Sources, AreReadInTheirOrder) {
  const DataFolder folder;
  const std::vector<std::string> sources = {folder.write("b.jsonl", good_pair), folder.write("a.jsonl", good_pair)};
  const std::vector<Behavior> behaviors = read_behaviors(sources);
  ASSERT_EQ(behaviors.size(), 2U);
  EXPECT_EQ(behaviors[0].name, "b");
  EXPECT_EQ(behaviors[1].name, "a");
}

TEST(Sources, MayNotShareABehavior) {
  const DataFolder folder;
  const std::string path = folder.write("a.jsonl", good_pair);
  const std::vector<std::string> sources = {path, path};
  try {
    static_cast<void>(read_behaviors(sources));
    FAIL() << "no error was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    EXPECT_THAT(error.what(), HasSubstr("the behavior \"a\" is in"));
  }
}

TEST(Sources, MustBeAtLeastOne) { EXPECT_THROW(static_cast<void>(read_behaviors(std::vector<std::string>{})), Error); }

}  // namespace
}  // namespace w2s::test
