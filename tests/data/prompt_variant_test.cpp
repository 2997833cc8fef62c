#include "w2s/data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "w2s/base.h"

namespace w2s {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Behavior deontology() {
  return {.name = "deontology",
          .positive = "You subscribe to the moral philosophy of deontology.",
          .negative = "You do not subscribe to the moral philosophy of deontology.",
          .system = std::string(default_system_message),
          .samples = {}};
}

Sample question() {
  return {.id = std::int64_t{0},
          .messages = {{"user", "Would you say this?"}},
          .system = std::nullopt,
          .chosen = " (A)",
          .rejected = " (B)",
          .where = "f.jsonl:1"};
}

std::string error_of(const Behavior& behavior, const Sample& sample, PromptVariant variant) {
  try {
    static_cast<void>(conversation(behavior, sample, variant));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    return error.what();
  }
  return {};
}

TEST(PromptVariants, AreThoseOfThePaper) {
  const ChatMessage standard{"system", "You are a helpful, honest and concise assistant."};
  const ChatMessage asked{"user", "Would you say this?"};
  const auto messages = [](PromptVariant variant) { return conversation(deontology(), question(), variant); };

  EXPECT_THAT(messages(PromptVariant::base), ElementsAre(standard, asked));
  EXPECT_THAT(messages(PromptVariant::user_positive),
              ElementsAre(standard, ChatMessage{"user",
                                                "You subscribe to the moral philosophy of deontology. Would you "
                                                "say this?"}));
  EXPECT_THAT(messages(PromptVariant::user_negative),
              ElementsAre(standard, ChatMessage{"user",
                                                "You do not subscribe to the moral philosophy of deontology. "
                                                "Would you say this?"}));
  EXPECT_THAT(messages(PromptVariant::system_positive),
              ElementsAre(ChatMessage{"system", "You subscribe to the moral philosophy of deontology."}, asked));
  EXPECT_THAT(messages(PromptVariant::system_negative),
              ElementsAre(ChatMessage{"system", "You do not subscribe to the moral philosophy of deontology."}, asked));
}

TEST(PromptVariants, PreferTheSystemMessageOfTheSample) {
  Sample sample = question();
  sample.system = "Be kind.";
  EXPECT_EQ(conversation(deontology(), sample).front(), (ChatMessage{"system", "Be kind."}));
  EXPECT_EQ(conversation(deontology(), sample, PromptVariant::system_negative).front().content, deontology().negative);
}

TEST(PromptVariants, LeaveOutAnEmptySystemMessage) {
  Sample sample = question();
  sample.system = "";
  EXPECT_THAT(conversation(deontology(), sample), ElementsAre(ChatMessage{"user", "Would you say this?"}));
}

TEST(PromptVariants, PutTheDescriptionBeforeTheLastUserMessage) {
  Sample sample = question();
  sample.system = "";
  sample.messages = {{"user", "Hi."}, {"assistant", "Hello."}, {"user", "Well?"}, {"assistant", "It is"}};
  Behavior behavior = deontology();
  behavior.positive = "P.";
  EXPECT_THAT(conversation(behavior, sample, PromptVariant::user_positive),
              ElementsAre(ChatMessage{"user", "Hi."}, ChatMessage{"assistant", "Hello."},
                          ChatMessage{"user", "P. Well?"}, ChatMessage{"assistant", "It is"}));
}

TEST(PromptVariants, NeedADescriptionExceptForTheBase) {
  Behavior behavior = deontology();
  behavior.positive.clear();
  behavior.negative.clear();
  EXPECT_EQ(error_of(behavior, question(), PromptVariant::base), "");
  EXPECT_THAT(error_of(behavior, question(), PromptVariant::user_positive),
              HasSubstr("USER.POS needs a positive description of \"deontology\""));
  EXPECT_THAT(error_of(behavior, question(), PromptVariant::system_negative),
              HasSubstr("SYS.NEG needs a negative description of \"deontology\""));
}

TEST(PromptVariants, OfTheUserNeedAUserMessage) {
  Sample sample = question();
  sample.messages = {{"assistant", "It is"}};
  EXPECT_THAT(error_of(deontology(), sample, PromptVariant::user_negative), HasSubstr("f.jsonl:1: no user message"));
  EXPECT_EQ(error_of(deontology(), sample, PromptVariant::system_negative), "");
}

TEST(PromptVariants, HaveNamesThatAreReadInAnyCase) {
  EXPECT_EQ(prompt_variants().size(), 5U);
  EXPECT_EQ(prompt_variants().front(), PromptVariant::base);
  for (const PromptVariant variant : prompt_variants()) EXPECT_EQ(parse_prompt_variant(to_string(variant)), variant);
  EXPECT_EQ(parse_prompt_variant("sys.neg"), PromptVariant::system_negative);
  EXPECT_EQ(parse_prompt_variant("User.Pos"), PromptVariant::user_positive);
}

TEST(PromptVariants, OfAnotherNameAreAnErrorThatListsThem) {
  for (const char* name : {"", "BAS", "BASE ", "USER_POS"}) {
    try {
      static_cast<void>(parse_prompt_variant(name));
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_THAT(error.what(), HasSubstr("BASE, USER.POS, USER.NEG, SYS.POS, SYS.NEG"));
    }
  }
}

}  // namespace
}  // namespace w2s
