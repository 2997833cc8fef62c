#include "w2s/generation.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <set>

#include "engine/text_stream.h"
#include "generate/generations.h"
#include "support/error_of.h"

namespace w2s {
namespace {

using test::direction_of;
using test::generate;
using test::generate_all;
using test::roomy;
using testing::HasSubstr;
using testing::SizeIs;

SamplingOptions greedy() { return {.temperature = 0}; }

class GenerationEngineTest : public testing::Test {
 protected:
  [[nodiscard]] GenerationEngine engine(const DecoderOptions& options = roomy) const {
    return {Decoder(model(), options), steerings()};
  }
  [[nodiscard]] std::vector<NamedSteering> steerings() const {
    return {test::some_steering("warm", model(), 1), test::some_steering("open", model(), 2),
            test::some_steering("calm", model(), 3)};
  }
  [[nodiscard]] const Model& model() const { return tiny_.model(); }

  [[nodiscard]] GenerationRequest request(const std::string& prompt, std::vector<SteeringRequest> steering = {},
                                          std::size_t max_tokens = 12) const {
    return {.prompt = model().tokenize(prompt),
            .text = prompt,
            .steering = std::move(steering),
            .sampling = greedy(),
            .max_tokens = max_tokens};
  }

  /// Different prompts, vectors, scales and layers, one after the other.
  [[nodiscard]] std::vector<GenerationRequest> many_requests(std::size_t count) const {
    std::vector<GenerationRequest> requests;
    for (std::size_t i = 0; i < count; ++i) {
      const auto prompt = "Question " + std::to_string(i % 7) + std::string(i % 5, '.') + " asks";
      std::vector<SteeringRequest> steering;
      if (i % 4 != 0)
        steering.push_back({.name = "warm", .scale = static_cast<float>(i % 9) - 4, .layer = {.layers = {i % 4}}});
      if (i % 3 == 1) steering.push_back({.name = "open", .scale = 2, .layer = {.layers = {0, 3}}});
      requests.push_back(request(prompt, std::move(steering), 6 + i % 9));
    }
    return requests;
  }

  test::LoadedTinyModel tiny_{test::tiny_llama()};
};

TEST_F(GenerationEngineTest, SaysWhatDecodingEverythingAgainWouldSay) {
  auto own = engine();
  Decoder decoder(model(), {.context = 512, .sequences = 2, .threads = 1});
  const auto warm = steerings()[0];
  for (std::size_t layer = 0; layer < 4; ++layer) {
    const auto wanted =
        test::reference_answer(decoder, model().tokenize("Tell me"),
                               {{.layer = layer, .scale = 3, .direction = direction_of(warm, layer)}}, 12);
    const auto said = generate(own, request("Tell me", {{.name = "warm", .scale = 3, .layer = {.layers = {layer}}}}));
    EXPECT_EQ(said.tokens, wanted);
  }
}

TEST_F(GenerationEngineTest, IsUnsteeredAtScaleZero) {
  auto own = engine();
  const auto unsteered = generate(own, request("Tell me", {}, 24));
  for (std::size_t layer = 0; layer < 4; ++layer) {
    const auto zero =
        generate(own, request("Tell me", {{.name = "warm", .scale = 0, .layer = {.layers = {layer}}}}, 24));
    EXPECT_EQ(zero.tokens, unsteered.tokens);
    EXPECT_EQ(zero.started->applied.front(), (AppliedSteering{.name = "warm", .layer = layer, .scale = 0}));
  }
  EXPECT_NE(generate(own, request("Tell me", {{.name = "warm", .scale = 5, .layer = {.layers = {1}}}}, 24)).tokens,
            unsteered.tokens);
}

TEST_F(GenerationEngineTest, AddsSeveralVectorsEachAtItsOwnLayers) {
  auto own = engine();
  Decoder decoder(model(), {.context = 512, .sequences = 2, .threads = 1});
  const auto loaded = steerings();
  const std::vector<Steering> expected = {{.layer = 2, .scale = 2, .direction = direction_of(loaded[0], 2)},
                                          {.layer = 0, .scale = -1.5F, .direction = direction_of(loaded[1], 0)},
                                          {.layer = 3, .scale = -1.5F, .direction = direction_of(loaded[1], 3)},
                                          {.layer = 2, .scale = 1, .direction = direction_of(loaded[2], 2)}};
  const auto said = generate(own, request("Tell me", {{.name = "warm", .scale = 2, .layer = {.layers = {2}}},
                                                      {.name = "open", .scale = -3, .layer = {.layers = {0, 3}}},
                                                      {.name = "calm", .scale = 1, .layer = {.layers = {2}}}}));
  EXPECT_EQ(said.tokens, test::reference_answer(decoder, model().tokenize("Tell me"), expected, 12));
  ASSERT_THAT(said.started->applied, SizeIs(4));
  EXPECT_EQ(said.started->applied[1], (AppliedSteering{.name = "open", .layer = 0, .scale = -1.5F}));
}

TEST_F(GenerationEngineTest, GivesEveryOneOfManyWhatItGetsAlone) {
  const auto requests = many_requests(64);
  auto own = engine();
  const auto together = generate_all(own, requests);
  std::set<std::vector<Token>> different;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto fresh = engine({.context = 256, .sequences = 2, .rows_per_batch = 64, .threads = 1});
    EXPECT_EQ(together[i].tokens, generate(fresh, requests[i]).tokens) << i;
    different.insert(together[i].tokens);
  }
  EXPECT_GT(different.size(), 32U);
}

TEST_F(GenerationEngineTest, DrawsTheSameTokensAloneAndInCompany) {
  auto requests = many_requests(16);
  for (std::size_t i = 0; i < requests.size(); ++i)
    requests[i].sampling = {.repeat_penalty = 1.1F, .seed = static_cast<std::uint32_t>(i / 2)};
  auto own = engine();
  const auto together = generate_all(own, requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto fresh = engine();
    EXPECT_EQ(together[i].tokens, generate(fresh, requests[i]).tokens) << i;
  }
}

TEST_F(GenerationEngineTest, SharesItsRowsAmongLongPromptsAndManyGenerations) {
  const auto requests = many_requests(20);
  auto wide = engine();
  const auto wanted = generate_all(wide, requests);
  auto narrow = engine({.context = 256, .sequences = 3, .rows_per_batch = 5, .threads = 1});
  const auto said = generate_all(narrow, requests);
  for (std::size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(said[i].tokens, wanted[i].tokens) << i;
}

TEST_F(GenerationEngineTest, RepeatsItself) {
  const auto requests = many_requests(12);
  auto first = engine();
  auto second = engine();
  const auto once = generate_all(first, requests);
  const auto again = generate_all(second, requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(once[i].tokens, again[i].tokens);
    EXPECT_EQ(once[i].started->cached_tokens, again[i].started->cached_tokens);
  }
}

TEST_F(GenerationEngineTest, EndsAtTheTokenThatEndsAGeneration) {
  auto own = engine();
  auto wants_end = request("Tell me");
  wants_end.sampling.logit_bias = {{test::im_end_token, 1000}};
  const auto said = generate(own, wants_end);
  EXPECT_EQ(said.tokens, std::vector<Token>{test::im_end_token});
  EXPECT_EQ(said.text, "");
  EXPECT_EQ(said.finished->reason, FinishReason::stop);
}

TEST_F(GenerationEngineTest, EndsWhenItHasSaidEnough) {
  auto own = engine();
  const auto said = generate(own, request("Tell me", {}, 5));
  EXPECT_THAT(said.tokens, SizeIs(5));
  EXPECT_EQ(said.finished->reason, FinishReason::length);
}

TEST_F(GenerationEngineTest, EndsInFrontOfAStopStringThatIsSeveralTokens) {
  auto own = engine();
  auto letters = request("Tell me", {}, 30);
  for (Token letter = 'a'; letter <= 'z'; ++letter) letters.sampling.logit_bias[letter] = 1000;
  const auto whole = generate(own, letters);
  ASSERT_THAT(whole.text, SizeIs(30));
  auto stopped = letters;
  const auto stop = whole.text.substr(9, 4);
  const auto at = whole.text.find(stop);
  stopped.stop = {"never", stop};
  const auto said = generate(own, stopped);
  EXPECT_EQ(said.text, whole.text.substr(0, at));
  EXPECT_EQ(said.finished->reason, FinishReason::stop);
  EXPECT_EQ(said.finished->stop, stop);
  EXPECT_THAT(said.tokens, SizeIs(at + stop.size()));
}

TEST_F(GenerationEngineTest, SaysNothingThatIsNoText) {
  auto own = engine();
  for (std::size_t i = 0; i < 8; ++i) {
    auto bytes = request("Prompt " + std::to_string(i), {}, 40);
    bytes.sampling = {.temperature = 3, .top_k = 0, .seed = static_cast<std::uint32_t>(i)};
    std::vector<Token> visible;
    const auto said = generate(own, bytes);
    for (const auto& token : said.generated) {
      CharacterStream check;
      EXPECT_EQ(check.add(token.text), token.text);
      EXPECT_EQ(check.finish(), "");
      if (!model().is_end_of_generation(token.token)) visible.push_back(token.token);
    }
    TextStream stream(model());
    std::string text;
    for (const Token token : visible) text += stream.add(token);
    EXPECT_EQ(said.text, text + stream.finish());
  }
}

TEST_F(GenerationEngineTest, TellsHowLikelyTokensWere) {
  auto own = engine();
  auto asks = request("Tell me", {}, 4);
  asks.log_probabilities = 3;
  for (const auto& token : generate(own, asks).generated) {
    ASSERT_THAT(token.most_likely, SizeIs(3));
    EXPECT_EQ(token.log_probability, token.most_likely.front()) << "greedy";
    EXPECT_GE(token.most_likely[0].log_probability, token.most_likely[1].log_probability);
    EXPECT_LT(token.most_likely[0].log_probability, 0);
  }
  EXPECT_FALSE(generate(own, request("Tell me", {}, 1)).generated.front().log_probability);
}

TEST_F(GenerationEngineTest, FreesThePlaceOfOneThatIsCancelled) {
  auto own = engine({.context = 256, .sequences = 2, .rows_per_batch = 64, .threads = 1});
  std::vector<test::Recorded> recorded(3);
  std::vector<GenerationId> ids;
  for (std::size_t i = 0; i < 3; ++i)
    ids.push_back(own.submit(request("Prompt " + std::to_string(i), {}, 60),
                             [&recorded, i](const GenerationEvent& event) { recorded[i].add(event); }));
  own.step();
  EXPECT_EQ(own.running(), 2U);
  EXPECT_EQ(own.queued(), 1U);
  own.cancel(ids[0]);
  ASSERT_TRUE(recorded[0].finished);
  EXPECT_EQ(recorded[0].finished->reason, FinishReason::cancelled);
  EXPECT_EQ(own.running(), 1U);
  own.step();
  EXPECT_EQ(own.running(), 2U);
  EXPECT_EQ(own.queued(), 0U);
  own.cancel(ids[0]);
  own.cancel(12345);
  while (own.step()) {
  }
  auto fresh = engine();
  for (const std::size_t i : {1U, 2U})
    EXPECT_EQ(recorded[i].tokens, generate(fresh, request("Prompt " + std::to_string(i), {}, 60)).tokens);
}

TEST_F(GenerationEngineTest, CancelsOneThatWaits) {
  auto own = engine({.context = 256, .sequences = 2, .rows_per_batch = 64, .threads = 1});
  std::vector<test::Recorded> recorded(3);
  GenerationId last = 0;
  for (std::size_t i = 0; i < 3; ++i)
    last =
        own.submit(request("Prompt", {}, 9), [&recorded, i](const GenerationEvent& event) { recorded[i].add(event); });
  own.step();
  own.cancel(last);
  ASSERT_TRUE(recorded[2].finished);
  EXPECT_EQ(recorded[2].finished->reason, FinishReason::cancelled);
  EXPECT_EQ(own.queued(), 0U);
  while (own.step()) {
  }
  EXPECT_EQ(recorded[0].tokens, recorded[1].tokens);
}

TEST_F(GenerationEngineTest, MayBeCancelledByWhoListens) {
  auto own = engine();
  test::Recorded recorded;
  GenerationId id = 0;
  id = own.submit(request("Tell me", {}, 50), [&](const GenerationEvent& event) {
    recorded.add(event);
    if (recorded.tokens.size() == 3 && !recorded.finished) own.cancel(id);
  });
  while (own.step()) {
  }
  EXPECT_THAT(recorded.tokens, SizeIs(3));
  EXPECT_EQ(recorded.finished->reason, FinishReason::cancelled);
  EXPECT_EQ(own.running(), 0U);
}

TEST_F(GenerationEngineTest, CancelsWhatItIsToldToWhileItCancels) {
  auto own = engine();
  std::vector<GenerationId> ids;
  std::size_t ended = 0;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(own.submit(request("Tell me", {}, 50), [&](const GenerationEvent& event) {
      if (!std::holds_alternative<GenerationFinished>(event)) return;
      ++ended;
      for (const auto id : ids) own.cancel(id);
    }));
  }
  own.step();
  EXPECT_EQ(own.running(), 5U);
  own.cancel(ids[2]);
  EXPECT_EQ(ended, 5U);
  EXPECT_EQ(own.running(), 0U);
  EXPECT_FALSE(own.step());
}

TEST_F(GenerationEngineTest, MayBeAskedForMoreByWhoListens) {
  auto own = engine();
  test::Recorded first;
  test::Recorded second;
  own.submit(request("Tell me", {}, 4), [&](const GenerationEvent& event) {
    first.add(event);
    if (first.finished)
      own.submit(request("Tell me more", {}, 4), [&](const GenerationEvent& next) { second.add(next); });
  });
  while (own.step()) {
  }
  ASSERT_TRUE(second.finished);
  EXPECT_THAT(second.tokens, SizeIs(4));
}

TEST_F(GenerationEngineTest, RefusesWhatItCannotDoBeforeAnyTokenIsDecoded) {
  auto own = engine({.context = 256, .sequences = 2, .rows_per_batch = 64, .threads = 1});
  const auto refusal = [&](const GenerationRequest& bad, ErrorKind kind = ErrorKind::usage) {
    return test::message_of(kind, [&] { own.submit(bad, [](const GenerationEvent&) { FAIL(); }); });
  };
  const auto steered = [&](SteeringRequest steering) { return request("Tell me", {std::move(steering)}); };
  EXPECT_THAT(refusal({.prompt = {}}), HasSubstr("empty"));
  EXPECT_THAT(refusal({.prompt = std::vector<Token>(257, 'a')}), HasSubstr("257 tokens, the context 256"));
  EXPECT_THAT(refusal({.prompt = {100000}}), HasSubstr("100000"));
  EXPECT_THAT(refusal({.prompt = {'a'}, .max_tokens = 0}), HasSubstr("no tokens"));
  EXPECT_THAT(refusal({.prompt = {'a'}, .sampling = {.top_p = 2}}), HasSubstr("top_p"));
  EXPECT_THAT(refusal(steered({.name = "cold", .layer = {.layers = {1}}})), HasSubstr("loaded are warm, open, calm"));
  EXPECT_THAT(refusal(steered({.name = "warm"})), HasSubstr("no layer predictor"));
  EXPECT_THAT(refusal(steered({.name = "warm", .layer = {.layers = {4}}})), HasSubstr("the model has 4"));
  EXPECT_THAT(refusal(steered({.name = "warm", .scale = std::nanf(""), .layer = {.layers = {1}}})), HasSubstr("scale"));
  EXPECT_THAT(refusal(steered({.name = "warm", .scale = 1e9F, .layer = {.layers = {1}}})), HasSubstr("scale"));
  EXPECT_THAT(refusal(request(
                  "Tell me", {{.name = "warm", .layer = {.layers = {1}}}, {.name = "warm", .layer = {.layers = {2}}}})),
              HasSubstr("twice"));
  EXPECT_EQ(own.queued(), 0U);
  EXPECT_FALSE(own.step());
}

TEST_F(GenerationEngineTest, EndsWithItsContext) {
  auto own = engine({.context = 256, .sequences = 2, .rows_per_batch = 64, .threads = 1});
  auto long_answer = request("Tell me", {}, 10000);
  long_answer.sampling.logit_bias = {{test::im_end_token, -1000}};
  const auto said = generate(own, long_answer);
  EXPECT_EQ(said.finished->reason, FinishReason::length);
  EXPECT_EQ(said.tokens.size() + long_answer.prompt.size(), 257U) << "the last one is not decoded";
  const GenerationRequest full{.prompt = std::vector<Token>(256, 'a'), .sampling = greedy()};
  EXPECT_THAT(generate(own, full).tokens, SizeIs(1));
}

// A token whose embedding is no number spoils a whole batch.
TEST(GenerationEngine, GoesOnAfterADecodeThatFailed) {
  const test::TemporaryFolder folder;
  auto file = test::tiny_model(test::tiny_llama());
  auto& embeddings = file.tensors.at("token_embd.weight");
  const std::size_t width = embeddings.shape.back();
  for (std::size_t i = 0; i < width; ++i) embeddings.values['#' * width + i] = std::numeric_limits<float>::quiet_NaN();
  write_tensor_file(folder / "model.gguf", file);
  const auto model = Model::load(folder / "model.gguf");
  GenerationEngine engine(Decoder(model, roomy), {});
  const auto ask = [&](const std::string& prompt) {
    auto asked = GenerationRequest{.prompt = model.tokenize(prompt), .sampling = greedy(), .max_tokens = 5};
    asked.sampling.logit_bias = {{'#', -1e6F}};
    return generate(engine, asked);
  };
  const auto before = ask("fine");
  EXPECT_EQ(before.finished->reason, FinishReason::length);
  const auto failed = ask("broken #");
  EXPECT_EQ(failed.finished->reason, FinishReason::failed);
  EXPECT_THAT(failed.finished->message, HasSubstr("not finite"));
  EXPECT_EQ(engine.running(), 0U);
  EXPECT_EQ(ask("fine").tokens, before.tokens);
}

}  // namespace
}  // namespace w2s
