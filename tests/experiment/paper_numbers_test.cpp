#include "experiment/paper/paper_numbers.h"

#include <gtest/gtest.h>

#include "w2s/data.h"

namespace w2s::paper {
namespace {

TEST(PaperNumbers, KnowTheModelsHoweverTheyAreSpelled) {
  for (const char* name : {"Llama-2-7B-Chat", "Llama-2-7b-chat-hf", "llama-2-7b-chat.Q8_0.gguf", "llama_2_7b_chat-f16"})
    EXPECT_EQ(model_name(name), "Llama-2-7B-Chat") << name;
  for (const char* name : {"Qwen1.5-14B-Chat", "Qwen-1.5-14B-Chat", "qwen1_5-14b-chat"})
    EXPECT_EQ(model_name(name), "Qwen1.5-14B-Chat") << name;
}

TEST(PaperNumbers, AreNotThoseOfOtherModels) {
  for (const char* name : {"SmolLM2-135M-Instruct", "Llama-2-13B-Chat", "Llama-2-7B", "Llama-2-7B-Chat-uncensored",
                           "Qwen1.5-14B", "Qwen2.5-14B-Chat", "Llama-2-7b-chat-Q2_K", ""}) {
    EXPECT_FALSE(model_name(name)) << name;
    EXPECT_EQ(find_policy(name, "caa", "BASE", "fixed"), nullptr) << name;
    EXPECT_EQ(find_optimum(name), nullptr) << name;
    EXPECT_FALSE(label_layers(name, "mean")) << name;
  }
}

TEST(PaperNumbers, AreTheTablesOwn) {
  const auto* top3 = find_policy("Llama-2-7B-Chat", "l2s", "BASE", "w2s-top3");
  ASSERT_NE(top3, nullptr);
  EXPECT_EQ(top3->steerability, 2.417);
  EXPECT_EQ(top3->steerability_sd, 0.037);
  EXPECT_EQ(top3->proportion, 0.930);
  EXPECT_EQ(top3->proportion_sd, 0.006);
  const auto* shifted = find_policy("Qwen1.5-14B-Chat", "caa", "USER.NEG", "w2s-top1");
  ASSERT_NE(shifted, nullptr);
  EXPECT_EQ(shifted->steerability, 1.154);
  EXPECT_EQ(shifted->proportion, 0.709);
  EXPECT_EQ(find_policy("Qwen1.5-14B-Chat", "caa", "USER.NEG", "w2s-top2"), nullptr);
}

TEST(PaperNumbers, HaveLabelLayersOfAllBehavioursThatAverageToTheirMean) {
  for (const char* model : {"Llama-2-7B-Chat", "Qwen1.5-14B-Chat"}) {
    const auto mean = label_layers(model, "mean");
    ASSERT_TRUE(mean);
    for (std::size_t k = 0; k < 3; ++k) {
      double sum = 0;
      for (const auto& behavior : paper_behaviors()) {
        const auto layers = label_layers(model, behavior.name);
        ASSERT_TRUE(layers) << behavior.name;
        sum += (*layers)[k];
      }
      // The paper has 35.4 for 35.46.
      EXPECT_NEAR(sum / 13, (*mean)[k], 0.07) << model << ", Top-" << k + 1;
    }
  }
}

}  // namespace
}  // namespace w2s::paper
