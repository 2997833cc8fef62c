// What generations share of their prompts, and what they never do.
#include <gmock/gmock.h>

#include "generate/generations.h"
#include "generate/prompt_cache.h"

namespace w2s {
namespace {

using test::generate;
using test::generate_all;
using test::roomy;

constexpr std::size_t layer = 1;

class GenerationCacheTest : public testing::Test {
 protected:
  [[nodiscard]] GenerationEngine engine(const DecoderOptions& options = roomy) const {
    return GenerationEngine(Decoder(model(), options), {test::some_steering("warm", model(), 1)});
  }
  [[nodiscard]] const Model& model() const { return tiny_.model(); }

  [[nodiscard]] GenerationRequest request(const std::string& prompt, float scale = 0) const {
    GenerationRequest asked{.prompt = model().tokenize(prompt), .sampling = {.temperature = 0}, .max_tokens = 10};
    if (scale != 0) asked.steering = {{.name = "warm", .scale = scale, .layer = {.layers = {layer}}}};
    return asked;
  }

  [[nodiscard]] std::vector<Token> alone(const GenerationRequest& asked) const {
    auto fresh = engine();
    return generate(fresh, asked).tokens;
  }

  test::LoadedTinyModel tiny_{test::tiny_llama()};
};

TEST_F(GenerationCacheTest, TakesWhatAFinishedPromptHasInCommon) {
  auto own = engine();
  EXPECT_EQ(generate(own, request("The weather today")).started->cached_tokens, 0U);
  const auto next = request("The weather tomorrow");
  const auto said = generate(own, next);
  EXPECT_EQ(said.started->cached_tokens, model().tokenize("The weather to").size());
  EXPECT_EQ(said.started->prompt_tokens, next.prompt.size());
  EXPECT_EQ(said.tokens, alone(next));
}

TEST_F(GenerationCacheTest, DecodesTheLastTokenOfAPromptItKnowsAgain) {
  auto own = engine();
  const auto asked = request("The weather");
  const auto first = generate(own, asked);
  const auto second = generate(own, asked);
  EXPECT_EQ(second.started->cached_tokens, asked.prompt.size() - 1);
  EXPECT_EQ(second.tokens, first.tokens);
}

// The last prompt token and the answer are steered: nobody may build on them.
TEST_F(GenerationCacheTest, NeverLeaksASteeredState) {
  auto own = engine();
  const auto asked = request("The weather");
  const auto steered = generate(own, request("The weather", 6));
  EXPECT_NE(steered.tokens, alone(asked));
  auto longer = asked;
  longer.prompt.insert(longer.prompt.end(), steered.tokens.begin(), steered.tokens.end());
  const auto said = generate(own, longer);
  EXPECT_EQ(said.started->cached_tokens, asked.prompt.size() - 1);
  EXPECT_EQ(said.tokens, alone(longer));
  EXPECT_EQ(generate(own, asked).tokens, alone(asked));
  EXPECT_EQ(generate(own, request("The weather", 6)).tokens, steered.tokens);
}

TEST_F(GenerationCacheTest, DecodesAnAnswerAgainWhereItIsPartOfThePrompt) {
  auto own = engine();
  auto next = request("The weather");
  const std::size_t tokens = next.prompt.size();
  const auto answer = generate(own, next);
  next.prompt.insert(next.prompt.end(), answer.tokens.begin(), answer.tokens.end());
  const auto said = generate(own, next);
  EXPECT_EQ(said.started->cached_tokens, tokens);
  EXPECT_EQ(said.tokens, alone(next));
}

TEST_F(GenerationCacheTest, NeverLeaksFromOneThatIsStillRunning) {
  auto own = engine();
  test::Recorded steered;
  auto long_answer = request("The weather", 6);
  long_answer.max_tokens = 200;
  long_answer.sampling.logit_bias = {{test::im_end_token, -1000}};
  const auto id = own.submit(long_answer, [&](const GenerationEvent& event) { steered.add(event); });
  for (int i = 0; i < 20; ++i) own.step();
  ASSERT_EQ(own.running(), 1U);
  auto longer = request("The weather");
  longer.prompt.insert(longer.prompt.end(), steered.tokens.begin(), steered.tokens.end());
  test::Recorded said;
  own.submit(longer, [&](const GenerationEvent& event) { said.add(event); });
  while (!said.finished) own.step();
  EXPECT_EQ(said.started->cached_tokens, request("The weather").prompt.size() - 1);
  EXPECT_EQ(said.tokens, alone(longer));
  own.cancel(id);
}

TEST_F(GenerationCacheTest, DecodesAPromptOnceForThoseThatComeTogether) {
  auto own = engine();
  const auto said = generate_all(
      own, {request("One prompt for three", 5), request("One prompt for three"), request("One prompt for three", -5)});
  const std::size_t tokens = request("One prompt for three").prompt.size();
  EXPECT_EQ(said[0].started->cached_tokens, 0U);
  EXPECT_EQ(said[1].started->cached_tokens, tokens - 1);
  EXPECT_EQ(said[2].started->cached_tokens, tokens - 1);
  EXPECT_EQ(said[0].tokens, alone(request("One prompt for three", 5)));
  EXPECT_EQ(said[1].tokens, alone(request("One prompt for three")));
  EXPECT_EQ(said[2].tokens, alone(request("One prompt for three", -5)));
}

TEST_F(GenerationCacheTest, GoesOnWhenTheOneItWaitsForIsCancelled) {
  auto own = engine({.context = 256, .sequences = 4, .rows_per_batch = 8, .threads = 1});
  const auto asked = request("A prompt that takes several batches to decode");
  const auto first = own.submit(asked, [](const GenerationEvent&) {});
  test::Recorded second;
  own.submit(asked, [&](const GenerationEvent& event) { second.add(event); });
  own.step();
  own.step();
  own.cancel(first);
  while (own.step()) {
  }
  EXPECT_EQ(second.started->cached_tokens, 16U) << "what the first had decoded";
  EXPECT_EQ(second.tokens, alone(asked));
}

TEST_F(GenerationCacheTest, ForgetsOldPromptsWhenItNeedsTheRoom) {
  auto own = engine({.context = 256, .sequences = 8, .rows_per_batch = 64, .threads = 1});
  for (int round = 0; round < 3; ++round) {
    for (char name = 'a'; name < 'i'; ++name) {
      const auto asked = request(std::string(1, name) + " has a prompt of about sixty characters, so that few fit in");
      EXPECT_EQ(generate(own, asked).tokens, alone(asked));
    }
  }
}

TEST_F(GenerationCacheTest, BeginsWhatFitsAndLetsTheRestWait) {
  auto own = engine({.context = 256, .sequences = 8, .rows_per_batch = 64, .threads = 1});
  std::vector<GenerationRequest> requests;
  for (char name = 'a'; name < 'i'; ++name) {
    requests.push_back(request(std::string(1, name) + " wants fifty tokens", name % 2 == 0 ? 4.0F : 0.0F));
    requests.back().max_tokens = 50;
    requests.back().sampling.logit_bias = {{test::im_end_token, -1000}};
  }
  std::vector<test::Recorded> said(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i)
    own.submit(requests[i], [&said, i](const GenerationEvent& event) { said[i].add(event); });
  own.step();
  EXPECT_EQ(own.running(), 3U);
  while (own.step()) {
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(said[i].finished->reason, FinishReason::length);
    EXPECT_EQ(said[i].tokens, alone(requests[i])) << i;
  }
}

// Random prompts with much in common, steered and not, coming and going: whatever is reused, each says what it says
// alone.
TEST_F(GenerationCacheTest, ChangesNothingInAnyOrder) {
  Random random(3);
  auto own = engine({.context = 512, .sequences = 6, .rows_per_batch = 32, .threads = 1});
  const std::vector<std::string> words = {"the ", "rain ", "in ", "a ", "park ", "falls "};
  struct Asked {
    GenerationRequest request;
    test::Recorded recorded;
    GenerationId id = 0;
    bool is_cancelled = false;
  };
  std::vector<std::unique_ptr<Asked>> all;
  std::size_t reused = 0;
  for (int round = 0; round < 60; ++round) {
    std::string prompt = "the rain ";
    for (std::size_t i = 0; i <= random.below(4); ++i) prompt += words[random.below(words.size())];
    const float scale = random.below(2) == 0 ? 0.0F : static_cast<float>(random.below(9)) - 4;
    auto asked = std::make_unique<Asked>(Asked{.request = request(prompt, scale), .recorded = {}});
    if (!all.empty() && random.below(3) == 0) {  // goes on where another ended
      const auto& other = *all[random.below(all.size())];
      asked->request.prompt = other.request.prompt;
      asked->request.prompt.insert(asked->request.prompt.end(), other.recorded.tokens.begin(),
                                   other.recorded.tokens.end());
    }
    if (asked->request.prompt.size() > 60) asked->request.prompt.resize(60);
    auto* one = asked.get();
    all.push_back(std::move(asked));
    one->id = own.submit(one->request, [one](const GenerationEvent& event) { one->recorded.add(event); });
    for (std::size_t i = 0; i < random.below(6); ++i) own.step();
    if (random.below(5) == 0) {
      auto& some = *all[random.below(all.size())];
      own.cancel(some.id);
      some.is_cancelled = some.recorded.finished->reason == FinishReason::cancelled;
    }
  }
  while (own.step()) {
  }
  for (const auto& asked : all) {
    if (asked->recorded.started) reused += asked->recorded.started->cached_tokens;
    auto wanted = alone(asked->request);
    if (asked->is_cancelled) wanted.resize(asked->recorded.tokens.size());
    EXPECT_EQ(asked->recorded.tokens, wanted);
  }
  EXPECT_GT(reused, 500U);
}

TEST(PromptCache, CountsWhatSequencesShareOnce) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), {.context = 256, .sequences = 4, .threads = 1});
  PromptCache cache(decoder);
  for (Token token = 0; token < 5; ++token) cache.append(0, {.token = token}, token < 3);
  cache.append(0, {.token = 9}, true);
  EXPECT_EQ(cache.clean_length(0), 3U) << "nothing is clean after what is not";
  EXPECT_EQ(cache.common_prefix(0, std::vector<Token>{0, 1, 2, 3, 4}), 3U);
  EXPECT_EQ(cache.common_prefix(0, std::vector<Token>{0, 7}), 1U);
  cache.share(0, 1, 5);
  EXPECT_EQ(cache.length(1), 3U) << "only what is clean";
  EXPECT_EQ(cache.used(), 6U);
  EXPECT_EQ(cache.used_by(std::vector<std::size_t>{0, 1}), 6U);
  EXPECT_EQ(cache.used_by(std::vector<std::size_t>{1, 2}), 3U);
  cache.truncate(0, 1);
  EXPECT_EQ(cache.used(), 3U);
  cache.truncate(1, 0);
  EXPECT_EQ(cache.used(), 1U);
  cache.wipe();
  EXPECT_EQ(cache.used(), 0U);
  EXPECT_EQ(cache.length(0), 0U);
}

}  // namespace
}  // namespace w2s
