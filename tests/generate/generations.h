// Ready-made ingredients of tests that generate: steerings, a recorder of events, and a reference without an engine.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "support/tiny_study.h"
#include "w2s/generation.h"

namespace w2s::test {

inline constexpr DecoderOptions roomy = {.context = 2048, .sequences = 64, .rows_per_batch = 256, .threads = 1};

[[nodiscard]] inline NamedSteering some_steering(const std::string& name, const Model& model, std::uint64_t seed) {
  return {.name = name, .source = std::make_shared<ConstantSource>(some_vectors(model.info(), seed))};
}

/// A predictor with random weights that chooses among all layers, and reacts strongly to what it sees.
[[nodiscard]] inline LayerPredictor some_predictor(const ModelInfo& model, std::uint64_t seed) {
  Random random(seed);
  PredictorParts parts{.layers = {}, .mean = std::vector<float>(model.width, 0), .network = {{}}};
  for (std::size_t layer = 0; layer < model.layers; ++layer) parts.layers.push_back(layer);
  for (std::size_t i = 0; i < model.layers * model.width; ++i)
    parts.network[0].weight.push_back(static_cast<float>(4 * random.normal()));
  parts.network[0].bias.assign(model.layers, 0);
  return LayerPredictor(parts);
}

[[nodiscard]] inline NamedSteering with_predictor(NamedSteering steering, const Model& model, PromptEncoder encoder,
                                                  std::uint64_t seed = 1) {
  steering.predictor = {.predictor = some_predictor(model.info(), seed), .own_layer = encoder};
  return steering;
}

/// What came of a generation.
struct Recorded {
  std::optional<GenerationStarted> started;
  std::vector<GeneratedToken> generated;
  std::optional<GenerationFinished> finished;
  std::vector<Token> tokens;  ///< the one that ends the generation included
  std::string text;

  void add(const GenerationEvent& event) {
    EXPECT_FALSE(finished) << "an event after the last";
    if (const auto* start = std::get_if<GenerationStarted>(&event)) {
      EXPECT_FALSE(started);
      started = *start;
    } else if (const auto* token = std::get_if<GeneratedToken>(&event)) {
      EXPECT_TRUE(started);
      generated.push_back(*token);
      tokens.push_back(token->token);
      text += token->text;
    } else {
      finished = std::get<GenerationFinished>(event);
      text += finished->text;
      EXPECT_EQ(finished->tokens, tokens.size());
    }
  }
};

/// All requests at once, as far as there is room.
[[nodiscard]] inline std::vector<Recorded> generate_all(GenerationEngine& engine,
                                                        const std::vector<GenerationRequest>& requests) {
  std::vector<Recorded> recorded(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i)
    engine.submit(requests[i], [&recorded, i](const GenerationEvent& event) { recorded[i].add(event); });
  while (engine.step()) {
  }
  for (const auto& one : recorded) EXPECT_TRUE(one.finished);
  return recorded;
}

[[nodiscard]] inline Recorded generate(GenerationEngine& engine, const GenerationRequest& request) {
  return std::move(generate_all(engine, {request}).front());
}

/// Greedy decoding of the whole sequence again for every token: nothing is kept, so nothing can leak.
[[nodiscard]] inline std::vector<Token> reference_answer(Decoder& decoder, const std::vector<Token>& prompt,
                                                         const std::vector<Steering>& steerings,
                                                         std::size_t max_tokens) {
  auto sequence = prompt;
  std::vector<Token> answer;
  while (answer.size() < max_tokens) {
    decoder.clear();
    Batch batch;
    for (std::size_t i = 0; i < sequence.size(); ++i) {
      batch.rows.push_back({.token = sequence[i], .position = static_cast<std::int32_t>(i)});
      if (i + 1 < prompt.size()) continue;
      for (const auto& steering : steerings) batch.edits.push_back({.row = i, .steering = steering});
    }
    batch.rows.back().wants_logits = true;
    const auto logits = decoder.decode(batch).logits;
    answer.push_back(static_cast<Token>(std::ranges::max_element(logits) - logits.begin()));
    if (decoder.model().is_end_of_generation(answer.back())) break;
    sequence.push_back(answer.back());
  }
  decoder.clear();
  return answer;
}

/// Of vectors that are the same for every input, as long as they live.
[[nodiscard]] inline std::span<const float> direction_of(const NamedSteering& steering, std::size_t layer) {
  return dynamic_cast<const ConstantSource&>(*steering.source).direction(layer);
}

}  // namespace w2s::test
