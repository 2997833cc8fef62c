#include "study/steered_example.h"

#include "results/prompt_embeddings.h"
#include "vectors/greedy_answer.h"
#include "w2s/decoding.h"

namespace w2s {
namespace {

constexpr std::size_t answer_tokens = 24;

std::size_t predicted_layer(const BehaviorResults& behavior, const SweepKey& key) {
  const auto& predictors = behavior.predictors(0);
  const auto embeddings = behavior.embeddings(predictors.encoder);
  return predictors.by_policy.at(predictors.default_policy).by_seed.front().layer(embeddings.of(key));
}

}  // namespace

SteeredExample steered_example(const BehaviorResults& results, const PreparedBehavior& prepared, const SweepGrid& grid,
                               Decoder& decoder) {
  const auto& item = prepared.items.at(PromptVariant::base)[prepared.split.test.front()];
  const auto source = results.vectors(0);
  SteeredExample example;
  example.behavior = prepared.behavior.name;
  example.prompt = plain_text(prepared.behavior.samples[item.key.sample].messages);
  example.layer = predicted_layer(results, item.key);

  const auto vector = source->vector(example.layer, read_prompt(decoder, item.tokens, source->needs()));
  const auto answer = [&](float scale) {
    if (scale == 0) return decoder.model().text(greedy_answer(decoder, item.tokens.prompt, answer_tokens));
    const Steering steering{.layer = example.layer, .scale = scale, .direction = vector, .operation = grid.operation};
    const auto tokens = greedy_answer(decoder, item.tokens.prompt, answer_tokens, steering);
    return decoder.model().text(tokens);
  };
  for (const float scale : {grid.multipliers.front(), 0.0F, grid.multipliers.back()})
    example.answers.emplace_back(scale, answer(scale));
  return example;
}

}  // namespace w2s
