#include "w2s/caa.h"

#include <gmock/gmock.h>

#include "support/tiny_study.h"
#include "w2s/error.h"

namespace w2s {
namespace {

using test::LoadedTinyModel;
using testing::FloatNear;
using testing::Pointwise;

constexpr DecoderOptions options = {.context = 512, .sequences = 4, .rows_per_batch = 256, .threads = 1};

// One decode for each answer, nothing shared.
std::vector<float> by_itself(Decoder& decoder, const TokenizedSample& sample, Token answer) {
  decoder.clear();
  Batch batch;
  for (const Token token : sample.prompt)
    batch.rows.push_back({.token = token, .position = static_cast<std::int32_t>(batch.rows.size())});
  batch.rows.push_back({.token = answer, .position = static_cast<std::int32_t>(batch.rows.size())});
  for (std::size_t layer = 0; layer < decoder.model().info().layers; ++layer)
    batch.captures.push_back({batch.rows.size() - 1, layer});
  return decoder.decode(batch).captured;
}

TEST(AnswerRepresentations, AreThoseOfEachAnswerAlone) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), options);
  for (const auto& sample : test::tokenized(tiny.model(), test::questions(3))) {
    decoder.clear();
    const auto both = answer_representations(decoder, sample);
    EXPECT_THAT(both.chosen, Pointwise(FloatNear(1e-4F), by_itself(decoder, sample, sample.chosen)));
    EXPECT_THAT(both.rejected, Pointwise(FloatNear(1e-4F), by_itself(decoder, sample, sample.rejected)));
  }
}

TEST(CaaVectors, AreTheMeanDifferenceOfTheAnswers) {
  const LoadedTinyModel tiny(test::tiny_llama());
  auto decoders = make_decoders(tiny.model(), options, 1);
  const auto samples = test::tokenized(tiny.model(), test::questions(5));
  const auto vectors = caa_vectors(decoders, samples);
  std::vector<float> mean(vectors.values.size(), 0.0F);
  for (const auto& sample : samples) {
    const auto chosen = by_itself(decoders[0], sample, sample.chosen);
    const auto rejected = by_itself(decoders[0], sample, sample.rejected);
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += (chosen[i] - rejected[i]) / 5;
  }
  EXPECT_THAT(vectors.values, Pointwise(FloatNear(1e-4F), mean));
  EXPECT_EQ(vectors.method, "caa");
  EXPECT_EQ(vectors.layers, tiny.model().info().layers);
}

TEST(CaaVectors, DoNotDependOnTheNumberOfDecoders) {
  const LoadedTinyModel tiny(test::tiny_llama());
  const auto samples = test::tokenized(tiny.model(), test::questions(9));
  auto one = make_decoders(tiny.model(), options, 1);
  auto three = make_decoders(tiny.model(), options, 3);
  EXPECT_EQ(caa_vectors(one, samples).values, caa_vectors(three, samples).values);
}

TEST(CaaVectors, ReportEachSample) {
  const LoadedTinyModel tiny(test::tiny_llama());
  auto decoders = make_decoders(tiny.model(), options, 1);
  std::vector<std::size_t> done;
  Job job;
  job.on_progress = [&](const Progress& progress) { done.push_back(progress.done); };
  static_cast<void>(caa_vectors(decoders, test::tokenized(tiny.model(), test::questions(3)), job));
  EXPECT_THAT(done, testing::ElementsAre(0, 1, 2, 3));
}

TEST(CaaVectors, CanBeStopped) {
  const LoadedTinyModel tiny(test::tiny_llama());
  auto decoders = make_decoders(tiny.model(), options, 1);
  const auto samples = test::tokenized(tiny.model(), test::questions(4));
  std::stop_source stop;
  Job job;
  job.stop = stop.get_token();
  job.on_progress = [&](const Progress&) { stop.request_stop(); };
  EXPECT_THROW(static_cast<void>(caa_vectors(decoders, samples, job)), Error);
}

TEST(CaaVectors, NeedASample) {
  const LoadedTinyModel tiny(test::tiny_llama());
  auto decoders = make_decoders(tiny.model(), options, 1);
  EXPECT_THROW(static_cast<void>(caa_vectors(decoders, {})), Error);
}

}  // namespace
}  // namespace w2s
