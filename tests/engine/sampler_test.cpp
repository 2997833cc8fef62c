#include "w2s/decoding.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/random.h"
#include "support/error_of.h"
#include "support/tiny_study.h"

namespace w2s {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class SamplerTest : public testing::Test {
 protected:
  [[nodiscard]] static std::vector<float> some_logits(std::uint64_t seed) {
    Random random(seed);
    std::vector<float> logits(test::tiny_vocabulary);
    for (float& logit : logits) logit = static_cast<float>(3 * random.normal());
    return logits;
  }

  [[nodiscard]] std::vector<Token> draws(const SamplingOptions& options, std::size_t count = 64) const {
    Sampler sampler(tiny_.model(), options);
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < count; ++i) tokens.push_back(sampler.sample(some_logits(i % 4)));
    return tokens;
  }

  [[nodiscard]] std::string refusal(const SamplingOptions& options) const {
    return test::message_of(ErrorKind::usage, [&] { Sampler(tiny_.model(), options); });
  }

  test::LoadedTinyModel tiny_{test::tiny_llama()};
};

Token best(std::span<const float> logits) {
  return static_cast<Token>(std::ranges::max_element(logits) - logits.begin());
}

TEST_F(SamplerTest, TakesTheMostLikelyTokenWithoutTemperature) {
  for (const float temperature : {0.0F, -1.0F}) {
    Sampler sampler(tiny_.model(), {.temperature = temperature, .top_k = 0, .top_p = 0.1F});
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto logits = some_logits(seed);
      EXPECT_EQ(sampler.sample(logits), best(logits));
    }
  }
}

TEST_F(SamplerTest, RepeatsItselfWithTheSameSeedAndNotWithAnother) {
  EXPECT_EQ(draws({.seed = 5}), draws({.seed = 5}));
  EXPECT_NE(draws({.seed = 5}), draws({.seed = 6}));
}

TEST_F(SamplerTest, TakesOneOfTheMostLikelyTopK) {
  const auto logits = some_logits(1);
  const auto likely = LogProbabilities(logits).most_likely(3);
  Sampler sampler(tiny_.model(), {.temperature = 5, .top_k = 3, .top_p = 1, .min_p = 0});
  std::set<Token> seen;
  for (int i = 0; i < 200; ++i) seen.insert(sampler.sample(logits));
  EXPECT_THAT(seen, testing::UnorderedElementsAre(likely[0].token, likely[1].token, likely[2].token));
}

TEST_F(SamplerTest, LeavesOutWhatTopPAndMinPLeaveOut) {
  std::vector<float> logits(test::tiny_vocabulary, -50);
  logits[10] = std::log(0.6F);
  logits[11] = std::log(0.3F);
  logits[12] = std::log(0.1F);
  const auto seen = [&](const SamplingOptions& options) {
    Sampler sampler(tiny_.model(), options);
    std::set<Token> tokens;
    for (int i = 0; i < 300; ++i) tokens.insert(sampler.sample(logits));
    return tokens;
  };
  EXPECT_THAT(seen({.temperature = 1, .top_p = 1, .min_p = 0}), ElementsAre(10, 11, 12));
  EXPECT_THAT(seen({.temperature = 1, .top_p = 0.8F, .min_p = 0}), ElementsAre(10, 11));
  EXPECT_THAT(seen({.temperature = 1, .top_p = 1, .min_p = 0.6F}), ElementsAre(10));
  EXPECT_THAT(seen({.temperature = 1, .top_p = 1, .min_p = 0.4F}), ElementsAre(10, 11));
}

TEST_F(SamplerTest, DrawsAtTemperatureOneAsOftenAsTheModelSays) {
  std::vector<float> logits(test::tiny_vocabulary, -50);
  logits[10] = std::log(0.7F);
  logits[11] = std::log(0.3F);
  Sampler sampler(tiny_.model(), {.temperature = 1, .top_k = 0, .top_p = 1, .min_p = 0});
  int first = 0;
  for (int i = 0; i < 4000; ++i) first += sampler.sample(logits) == 10 ? 1 : 0;
  EXPECT_NEAR(first / 4000.0, 0.7, 0.03);
}

TEST_F(SamplerTest, PenalisesWhatThePromptAndTheAnswerHaveAlready) {
  std::vector<float> logits(test::tiny_vocabulary, 0);
  logits['a'] = 4;
  logits['b'] = 3.5F;
  logits['c'] = 3;
  const SamplingOptions options{.temperature = 0, .presence_penalty = 2};
  const std::vector<Token> prompt = {'a'};
  Sampler sampler(tiny_.model(), options, prompt);
  EXPECT_EQ(sampler.sample(logits), 'b');
  EXPECT_EQ(sampler.sample(logits), 'c');
  auto without = options;
  without.repeat_last_n = 0;
  EXPECT_EQ(Sampler(tiny_.model(), without, prompt).sample(logits), 'a');
  auto whole_context = options;
  whole_context.repeat_last_n = -1;
  EXPECT_EQ(Sampler(tiny_.model(), whole_context, prompt).sample(logits), 'b');
}

TEST_F(SamplerTest, AddsLogitBias) {
  const auto logits = some_logits(2);
  const Token likeliest = best(logits);
  const SamplingOptions forbids{.temperature = 0, .logit_bias = {{likeliest, -std::numeric_limits<float>::infinity()}}};
  EXPECT_NE(Sampler(tiny_.model(), forbids).sample(logits), likeliest);
  const SamplingOptions wants{.temperature = 0, .logit_bias = {{'x', 100}}};
  EXPECT_EQ(Sampler(tiny_.model(), wants).sample(logits), 'x');
}

TEST_F(SamplerTest, RefusesOptionsOutOfRangeByName) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refusal({.temperature = nan}), HasSubstr("temperature"));
  EXPECT_THAT(refusal({.top_p = 1.5F}), HasSubstr("top_p"));
  EXPECT_THAT(refusal({.min_p = -1}), HasSubstr("min_p"));
  EXPECT_THAT(refusal({.typical_p = nan}), HasSubstr("typical_p"));
  EXPECT_THAT(refusal({.repeat_penalty = 0}), HasSubstr("repeat_penalty"));
  EXPECT_THAT(refusal({.repeat_last_n = -2}), HasSubstr("repeat_last_n"));
  EXPECT_THAT(refusal({.frequency_penalty = nan}), HasSubstr("frequency_penalty"));
  EXPECT_THAT(refusal({.presence_penalty = nan}), HasSubstr("presence_penalty"));
  EXPECT_THAT(refusal({.logit_bias = {{100000, 1}}}), HasSubstr("logit_bias"));
  EXPECT_THAT(refusal({.logit_bias = {{1, nan}}}), HasSubstr("token 1"));
  SamplingOptions nothing_left;
  for (Token token = 0; token < static_cast<Token>(test::tiny_vocabulary); ++token)
    nothing_left.logit_bias[token] = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(refusal(nothing_left), HasSubstr("every token"));
}

TEST(LogProbabilities, AreThoseOfASoftmax) {
  const std::vector<float> logits = {1, 3, 2, 3};
  const LogProbabilities probabilities(logits);
  double sum = 0;
  for (Token token = 0; token < 4; ++token) sum += std::exp(probabilities.of(token).log_probability);
  EXPECT_NEAR(sum, 1, 1e-6);
  EXPECT_NEAR(probabilities.of(1).log_probability - probabilities.of(0).log_probability, 2, 1e-6);
  const auto likely = probabilities.most_likely(3);
  EXPECT_THAT(likely, ElementsAre(probabilities.of(1), probabilities.of(3), probabilities.of(2)));
  EXPECT_THAT(probabilities.most_likely(10), SizeIs(4));
  const std::vector<float> huge = {1e30F, 0};
  EXPECT_EQ(LogProbabilities(huge).of(0).log_probability, 0);
}

}  // namespace
}  // namespace w2s
