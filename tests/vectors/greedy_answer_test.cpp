#include "vectors/greedy_answer.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "support/shared_data.h"
#include "support/tiny_study.h"
#include "w2s/base.h"

namespace w2s {
namespace {

constexpr DecoderOptions options = {.context = 512, .sequences = 2, .threads = 1};

TEST(GreedyAnswer, IsWhatDecodingTheWholeTextAgainWouldSay) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), options);
  const auto prompt = tiny.model().tokenize("Tell me");
  const auto answer = greedy_answer(decoder, prompt, 8);
  ASSERT_FALSE(answer.empty());
  auto text = prompt;
  for (const Token token : answer) {
    EXPECT_EQ(greedy_answer(decoder, text, 1), std::vector<Token>{token});
    text.push_back(token);
  }
}

TEST(GreedyAnswer, AtScaleZeroIsTheUnsteeredOne) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), options);
  const auto vectors = test::some_vectors(tiny.model().info());
  const auto prompt = tiny.model().tokenize("Tell me");
  const auto steered = [&](float scale) {
    return greedy_answer(decoder, prompt, 16, Steering{.layer = 1, .scale = scale, .direction = vectors.direction(1)});
  };
  EXPECT_EQ(steered(0), greedy_answer(decoder, prompt, 16));
  EXPECT_NE(steered(5), greedy_answer(decoder, prompt, 16));
}

TEST(GreedyAnswer, HasNoMoreTokensThanAskedFor) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), options);
  const auto prompt = tiny.model().tokenize("Tell me");
  EXPECT_TRUE(greedy_answer(decoder, prompt, 0).empty());
  EXPECT_LE(greedy_answer(decoder, prompt, 3).size(), 3U);
}

// PyTorch's greedy generations; a difference is allowed only where the two best logits were closer than rounding can
// tell.
TEST(GreedyAnswer, AgreesWithPyTorchTokenForToken) {
  const auto shared = test::shared_data_folder();
  const auto file = test::default_model();
  if (!shared || !std::filesystem::exists(*shared / "reference")) GTEST_SKIP() << "skipped: no shared reference data";
  if (!file) GTEST_SKIP() << "skipped: no default model (make model)";
  const auto model = Model::load(*file);
  Decoder decoder(model, options);
  const auto vectors = read_vector_source(*shared / "reference" / "openness.vectors.gguf");
  const auto expected = nlohmann::json::parse(read_file(*shared / "reference" / "openness.generation.json"));
  for (const auto& item : expected) {
    if (item.at("smallest_top2_gap").get<double>() < 0.01) continue;
    const std::vector<ChatMessage> messages = {{"system", item.at("system").get<std::string>()},
                                               {"user", item.at("prompt").get<std::string>()}};
    const auto prompt = model.tokenize(model.chat_prompt(messages));
    const auto layer = item.at("layer").get<std::size_t>();
    const auto vector = vectors->vector(layer, {});
    const Steering steering{.layer = layer, .scale = item.at("scale").get<float>(), .direction = vector};
    auto wanted = item.at("tokens").get<std::vector<Token>>();
    if (model.is_end_of_generation(wanted.back())) wanted.pop_back();
    EXPECT_EQ(prompt.size(), item.at("prompt_tokens").get<std::size_t>());
    EXPECT_EQ(greedy_answer(decoder, prompt, item.at("tokens").size(), steering), wanted) << item.dump();
  }
}

}  // namespace
}  // namespace w2s
