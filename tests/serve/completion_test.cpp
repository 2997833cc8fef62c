// The text that an embedding model reads of a prompt decides what a predictor sees: it must be the same when the
// predictor is trained and when it is asked.
#include <gtest/gtest.h>

#include <algorithm>

#include "serve/completion.h"
#include "study/scripted_encoder.h"
#include "support/tiny_study.h"
#include "w2s/study.h"

namespace w2s {
namespace {

TEST(ReadPrompt, HasTheTextThatPredictorsWereTrainedOn) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  const test::TemporaryFolder folder;
  auto behavior = test::questions(12);
  for (auto& sample : behavior.samples)  // an example before the question
    sample.messages.insert(sample.messages.begin(), {{"user", "Is it?"}, {"assistant", "(A)"}});
  test::ScriptedEncoder encoder("scripted", [](const std::string&) { return std::vector<float>{1}; });
  const std::vector<PromptVariant> variants = {PromptVariant::base, PromptVariant::system_positive,
                                               PromptVariant::user_negative};
  const auto split = split_samples(behavior.samples.size(), 3);
  embed_prompts({folder.path()}, behavior, split, variants, encoder);
  ASSERT_EQ(encoder.texts.size(), 12 + 2 * split.test.size());
  for (const auto variant : variants) {
    for (const std::size_t sample : split.test) {
      const auto served = serve::read_prompt(tiny.model(), conversation(behavior, behavior.samples[sample], variant));
      EXPECT_EQ(std::ranges::count(encoder.texts, served.text), 1) << served.text;
    }
  }
}

}  // namespace
}  // namespace w2s
