// Steering really steers: the default model, the built-in positive-review behaviour, through the generation path.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "generate/builtin_steering.h"
#include "generate/generations.h"
#include "support/shared_data.h"

namespace w2s {
namespace {

constexpr const char* review = "positive-review";
constexpr std::size_t layer = 20;  // the best fixed one of docs/results/builtin.md
constexpr std::array scales = {-1.5F, -1.0F, -0.5F, 0.0F, 0.5F, 1.0F, 1.5F};

std::vector<TokenizedSample> held_out(const Model& model, std::size_t count) {
  const auto behavior = test::builtin_behavior(review);
  std::vector<TokenizedSample> samples;
  for (const auto& sample : test::samples_of(behavior, SplitPart::test, count))
    samples.push_back(tokenize_sample(model, behavior, sample));
  return samples;
}

GenerationRequest request(const TokenizedSample& sample, float scale, std::size_t max_tokens) {
  return {.prompt = sample.prompt,
          .steering = {{.name = review, .scale = scale, .layer = {.layers = {layer}}}},
          .sampling = {.temperature = 0},
          .max_tokens = max_tokens};
}

GenerationEngine engine_with(const Model& model, NamedSteering steering) {
  return {Decoder(model, {.context = 2048, .sequences = 16, .threads = 1}), {std::move(steering)}};
}

// The first tokens of all answers in the data, without those that are positive for one sample and negative for another.
struct AnswerTokens {
  std::set<Token> positive;
  std::set<Token> negative;
};

AnswerTokens answer_tokens(const Model& model) {
  const auto behavior = test::builtin_behavior(review);
  AnswerTokens all;
  for (const auto& sample : behavior.samples) {
    const auto tokens = tokenize_sample(model, behavior, sample);
    all.positive.insert(tokens.chosen);
    all.negative.insert(tokens.rejected);
  }
  AnswerTokens clear;
  std::ranges::set_difference(all.positive, all.negative, std::inserter(clear.positive, clear.positive.end()));
  std::ranges::set_difference(all.negative, all.positive, std::inserter(clear.negative, clear.negative.end()));
  return clear;
}

// So much that one of these is the next token: left alone, the model mostly goes on with an article.
std::map<Token, float> only(const AnswerTokens& answers) {
  std::map<Token, float> bias;
  for (const auto& tokens : {answers.positive, answers.negative})
    for (const Token token : tokens) bias[token] = 100;
  return bias;
}

double logit_difference(const GeneratedToken& first, const TokenizedSample& sample) {
  const auto of = [&](Token token) {
    return static_cast<double>(
        std::ranges::find(first.most_likely, token, &TokenLogProbability::token)->log_probability);
  };
  return of(sample.chosen) - of(sample.rejected);
}

// Over the samples, by scale.
struct Effect {
  std::vector<double> logit_difference = std::vector<double>(scales.size(), 0);    // mean
  std::vector<std::size_t> positive = std::vector<std::size_t>(scales.size(), 0);  // words that are, of both kinds
};

Effect measure(GenerationEngine& engine, const std::vector<TokenizedSample>& samples) {
  const auto answers = answer_tokens(engine.model());
  Effect effect;
  for (const auto& sample : samples) {
    std::vector<GenerationRequest> requests;
    for (const float scale : scales) {
      requests.push_back(request(sample, scale, 1));
      requests.back().sampling.logit_bias = only(answers);
      requests.back().log_probabilities = engine.model().info().vocabulary;
    }
    const auto said = test::generate_all(engine, requests);
    for (std::size_t i = 0; i < scales.size(); ++i) {
      const auto& first = said[i].generated.front();
      effect.logit_difference[i] += logit_difference(first, sample) / static_cast<double>(samples.size());
      effect.positive[i] += answers.positive.contains(first.token) ? 1 : 0;
    }
  }
  return effect;
}

TEST(SteeringEffect, RisesWithTheScale) {
  const auto file = test::default_model();
  if (!file) GTEST_SKIP() << "skipped: no default model (make model)";
  const auto model = Model::load(*file);
  auto engine = engine_with(model, test::builtin_steering(model, review, 60));
  const auto samples = held_out(model, 24);  // of 99; docs/results/steering-scales.md has them all
  const auto effect = measure(engine, samples);
  for (std::size_t i = 0; i < scales.size(); ++i) {
    std::cout << "scale " << scales[i] << ": logit difference " << effect.logit_difference[i] << ", positive "
              << effect.positive[i] << " of " << samples.size() << '\n';
    if (i == 0) continue;
    EXPECT_GT(effect.logit_difference[i], effect.logit_difference[i - 1]) << "at scale " << scales[i];
    EXPECT_GE(effect.positive[i], effect.positive[i - 1]) << "at scale " << scales[i];
  }
  EXPECT_GT(effect.positive.back(), effect.positive.front());
}

TEST(SteeringEffect, IsNoneAtScaleZero) {
  const auto file = test::default_model();
  if (!file) GTEST_SKIP() << "skipped: no default model (make model)";
  const auto model = Model::load(*file);
  const auto samples = held_out(model, 16);
  std::vector<GenerationRequest> zero;
  std::vector<GenerationRequest> unsteered;
  for (const auto& sample : samples) {
    zero.push_back(request(sample, 0, 8));
    unsteered.push_back(request(sample, 0, 8));
    unsteered.back().steering.clear();
  }
  auto steers = engine_with(model, test::builtin_steering(model, review, 8));
  GenerationEngine steers_not(Decoder(model, {.context = 2048, .sequences = 16, .threads = 1}), {});
  const auto said = test::generate_all(steers, zero);
  const auto wanted = test::generate_all(steers_not, unsteered);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(said[i].tokens, wanted[i].tokens) << i;
    EXPECT_EQ(said[i].started->applied, (std::vector<AppliedSteering>{{.name = review, .layer = layer, .scale = 0}}));
  }
}

}  // namespace
}  // namespace w2s
