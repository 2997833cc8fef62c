#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "data/data_files_of_tests.h"

namespace w2s::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

TEST(BuiltinData, NamesItsBehaviors) {
  EXPECT_THAT(builtin_behavior_names(), Contains("positive-review"));
  for (const std::string& name : builtin_behavior_names()) EXPECT_NE(name, "");
}

TEST(BuiltinData, OfAllNamesIsAllOfThem) {
  std::vector<std::string> names;
  for (const Behavior& behavior : read_behaviors("builtin:all")) names.push_back(behavior.name);
  EXPECT_EQ(names, builtin_behavior_names());
}

TEST(BuiltinData, IsLargeEnoughToSplitAndDescribedForThePromptVariants) {
  for (const Behavior& behavior : read_behaviors("builtin:all")) {
    EXPECT_GE(behavior.samples.size(), 150U) << behavior.name;
    EXPECT_NE(behavior.positive, "") << behavior.name;
    EXPECT_NE(behavior.negative, "") << behavior.name;
    EXPECT_NE(behavior.positive, behavior.negative) << behavior.name;
  }
}

TEST(BuiltinData, NeverRepeatsAQuestionWithItsAnswers) {
  for (const Behavior& behavior : read_behaviors("builtin:all")) {
    std::set<std::tuple<std::string, std::string, std::string>> seen;
    for (const Sample& sample : behavior.samples) {
      std::string conversation;
      for (const ChatMessage& message : sample.messages) conversation += message.role + ": " + message.content + "\n";
      EXPECT_TRUE(seen.emplace(conversation, sample.chosen, sample.rejected).second) << sample.where;
    }
  }
}

TEST(BuiltinData, SaysWhereItsSamplesStand) {
  const Behavior behavior = read_one("builtin:positive-review");
  EXPECT_EQ(behavior.name, "positive-review");
  EXPECT_EQ(behavior.samples.at(0).where, "builtin:positive-review:1");
}

TEST(BuiltinData, NamesWhatThereIsWhenAskedForSomethingElse) {
  EXPECT_THAT(reading_error("builtin:nonsense"), AllOf(HasSubstr("nonsense"), HasSubstr("positive-review")));
  EXPECT_THAT(reading_error("builtin:"), HasSubstr("positive-review"));
  EXPECT_THAT(reading_error("builtin:all", {.behaviors = {"nonsense"}}), HasSubstr("positive-review"));
}

}  // namespace
}  // namespace w2s::test
