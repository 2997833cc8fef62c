#include "w2s/vectors.h"

#include <gmock/gmock.h>

#include "support/error_of.h"
#include "support/tiny_study.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using test::LoadedTinyModel;
using testing::HasSubstr;

Behavior with_answers(const std::string& chosen, const std::string& rejected) {
  auto behavior = test::questions(1);
  behavior.samples[0].chosen = chosen;
  behavior.samples[0].rejected = rejected;
  return behavior;
}

std::string refusal(const Model& model, const std::string& chosen, const std::string& rejected) {
  const auto behavior = with_answers(chosen, rejected);
  return test::message_of(ErrorKind::data,
                          [&] { static_cast<void>(tokenize_sample(model, behavior, behavior.samples[0])); });
}

TEST(TokenizedSample, IsSteeredAtTheLastTokenTheAnswersShare) {
  const LoadedTinyModel tiny(test::tiny_llama());
  const auto behavior = with_answers(" (A)", " (B)");
  const auto sample = tokenize_sample(tiny.model(), behavior, behavior.samples[0]);
  EXPECT_TRUE(tiny.model().text(sample.prompt).ends_with("assistant\n ("));
  EXPECT_EQ(sample.chosen, 'A');
  EXPECT_EQ(sample.rejected, 'B');
}

TEST(TokenizedSample, IsSteeredAtTheLastPromptTokenWhenTheAnswersShareNone) {
  const LoadedTinyModel tiny(test::tiny_llama());
  const auto behavior = with_answers("good", "bad");
  const auto sample = tokenize_sample(tiny.model(), behavior, behavior.samples[0]);
  EXPECT_TRUE(tiny.model().text(sample.prompt).ends_with("assistant\n"));
  EXPECT_EQ(sample.chosen, 'g');
  EXPECT_EQ(sample.rejected, 'b');
}

TEST(TokenizedSample, DiffersBetweenPromptVariants) {
  const LoadedTinyModel tiny(test::tiny_llama());
  const auto behavior = test::questions(1);
  const auto text_in = [&](PromptVariant variant) {
    return tiny.model().text(tokenize_sample(tiny.model(), behavior, behavior.samples[0], variant).prompt);
  };
  EXPECT_THAT(text_in(PromptVariant::base), HasSubstr("helpful, honest"));
  EXPECT_THAT(text_in(PromptVariant::system_negative), HasSubstr("<|im_start|>system\nYou find nothing warm."));
  EXPECT_THAT(text_in(PromptVariant::user_positive), HasSubstr("You find everything warm. Is 0 soup warm?"));
}

TEST(TokenizedSample, RefusesAnswersThatCannotBeToldApart) {
  const LoadedTinyModel tiny(test::tiny_llama());
  EXPECT_THAT(refusal(tiny.model(), "yes", "yes"), testing::AllOf(HasSubstr("warm.jsonl:1"), HasSubstr("same tokens")));
  EXPECT_THAT(refusal(tiny.model(), "yes", "yes, sir"), HasSubstr("one is the beginning of the other"));
  EXPECT_THAT(refusal(tiny.model(), "yes, sir", "yes"), HasSubstr("one is the beginning of the other"));
}

TEST(CommonPrefix, LeavesEverySampleItsLastToken) {
  const std::vector<TokenizedSample> samples = {{{1, 2, 3}, 8, 9}, {{1, 2, 3, 4}, 8, 9}};
  EXPECT_EQ(common_prefix_length(samples), 2U);
  EXPECT_EQ(common_prefix_length(std::span(samples).first(1)), 2U);
  EXPECT_EQ(common_prefix_length({}), 0U);
}

TEST(CommonPrefix, EndsWhereOneSampleDiffers) {
  const std::vector<TokenizedSample> samples = {{{1, 2, 3, 4}, 8, 9}, {{1, 2, 7, 4}, 8, 9}, {{1, 2, 3, 4}, 8, 9}};
  EXPECT_EQ(common_prefix_length(samples), 2U);
}

}  // namespace
}  // namespace w2s
