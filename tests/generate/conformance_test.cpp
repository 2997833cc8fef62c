// Steered generation against PyTorch's, fp32, on SmolLM2-135M-Instruct.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "generate/generations.h"
#include "support/shared_data.h"
#include "w2s/base.h"

namespace w2s {
namespace {

// Closer than this, the two best logits may change places by rounding.
constexpr float rounding = 0.01F;

struct Expected {
  GenerationRequest request;
  std::vector<Token> tokens;
  std::size_t prompt_tokens = 0;
  double smallest_gap = 0;
};

std::vector<Expected> read_expected(const std::filesystem::path& file, const Model& model) {
  std::vector<Expected> all;
  for (const auto& item : nlohmann::json::parse(read_file(file))) {
    const std::vector<ChatMessage> messages = {{"system", item.at("system").get<std::string>()},
                                               {"user", item.at("prompt").get<std::string>()}};
    Expected expected{.request = {.prompt = model.tokenize(model.chat_prompt(messages)),
                                  .steering = {{.name = "openness",
                                                .scale = item.at("scale").get<float>(),
                                                .layer = {.layers = {item.at("layer").get<std::size_t>()}}}},
                                  .sampling = {.temperature = 0},
                                  .max_tokens = item.at("tokens").size(),
                                  .log_probabilities = 2},
                      .tokens = item.at("tokens").get<std::vector<Token>>(),
                      .prompt_tokens = item.at("prompt_tokens").get<std::size_t>(),
                      .smallest_gap = item.at("smallest_top2_gap").get<double>()};
    all.push_back(std::move(expected));
  }
  return all;
}

// A difference is allowed only from a position on where the two best logits are as good as equal.
void expect_agreement(const Expected& expected, const test::Recorded& said) {
  const auto [own, wanted] = std::ranges::mismatch(said.tokens, expected.tokens);
  if (own == said.tokens.end() && wanted == expected.tokens.end()) return;
  ASSERT_NE(own, said.tokens.end());
  const auto& likely = said.generated[static_cast<std::size_t>(own - said.tokens.begin())].most_likely;
  EXPECT_LT(expected.smallest_gap, rounding) << "no position of the reference was undecided";
  EXPECT_LT(likely[0].log_probability - likely[1].log_probability, rounding) << "this position was not";
}

TEST(Conformance, OfTwentySteeredGenerationsTokenForToken) {
  const auto shared = test::shared_data_folder();
  const auto file = test::default_model();
  if (!shared || !std::filesystem::exists(*shared / "reference")) GTEST_SKIP() << "skipped: no shared reference data";
  if (!file) GTEST_SKIP() << "skipped: no default model (make model)";
  const auto model = Model::load(*file);
  const auto expected = read_expected(*shared / "reference" / "openness.generation.json", model);
  ASSERT_EQ(expected.size(), 20U);
  const SteeringPath vectors{.name = "openness", .path = *shared / "reference" / "openness.vectors.gguf"};

  std::vector<GenerationRequest> requests;
  for (const auto& one : expected) requests.push_back(one.request);
  GenerationEngine together(Decoder(model, {.context = 4096, .sequences = 20, .threads = 1}),
                            load_steerings({&vectors, 1}, model));
  const auto said = test::generate_all(together, requests);
  std::size_t equal = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(said[i].started->prompt_tokens, expected[i].prompt_tokens);
    expect_agreement(expected[i], said[i]);
    equal += said[i].tokens == expected[i].tokens ? 1 : 0;
  }
  EXPECT_GE(equal, 18U);

  GenerationEngine one_by_one(Decoder(model, {.context = 1024, .sequences = 2, .threads = 1}),
                              load_steerings({&vectors, 1}, model));
  for (std::size_t i = 0; i < expected.size(); i += 4) {
    SCOPED_TRACE(i);
    expect_agreement(expected[i], test::generate(one_by_one, requests[i]));
  }
}

}  // namespace
}  // namespace w2s
