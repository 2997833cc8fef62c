#include "w2s/decoding.h"

#include <gmock/gmock.h>

#include "engine/reading/layerwise_reader.h"
#include "support/error_of.h"
#include "support/tiny_study.h"
#include "w2s/vectors.h"

namespace w2s {
namespace {

using testing::FloatNear;
using testing::IsEmpty;
using testing::Pointwise;

constexpr float tolerance = 1e-4F;
constexpr std::size_t plenty = std::size_t{1} << 30U;

class PromptReaderTest : public testing::Test {
 protected:
  test::LoadedTinyModel tiny_{test::tiny_llama()};
  std::vector<Decoder> decoders_ = make_decoders(tiny_.model(), {.context = 512, .threads = 1}, 1);
  std::vector<TokenizedSample> samples_ = test::tokenized(tiny_.model(), test::questions(6));
  std::size_t prefix_ = common_prefix_length(samples_);
  PromptNeeds needs_ = {.last = {1, 3}, .means = {0, 2}};
  RepresentationRequest as_a_sweep_ = {.shared_prefix = prefix_, .mean_layers = needs_.means};

  [[nodiscard]] LayerwiseReader layerwise(PromptStateCache* cache = nullptr, bool answers = false) const {
    LayerwiseReader reader(LayerwiseModel(tiny_.model()), cache);
    auto needs = needs_;
    needs.answers = answers;
    reader.begin_with(prefix(), needs);
    return reader;
  }
  [[nodiscard]] std::span<const Token> prefix() const { return std::span(samples_.front().prompt).first(prefix_); }
  [[nodiscard]] std::vector<const TokenizedSample*> all() const {
    std::vector<const TokenizedSample*> all;
    for (const auto& sample : samples_) all.push_back(&sample);
    return all;
  }

  [[nodiscard]] static PromptState read(LayerwiseReader& reader, const TokenizedSample& sample) {
    const auto* const pointer = &sample;
    return std::move(reader.read_states({&pointer, 1}).front());
  }

  // What a state says of the prompt alone.
  static void expect_same(const PromptState& a, const PromptState& b) {
    EXPECT_EQ(a.key_values.keys, b.key_values.keys);
    EXPECT_EQ(a.key_values.values, b.key_values.values);
    EXPECT_EQ(a.reading.last, b.reading.last);
    EXPECT_EQ(a.reading.means, b.reading.means);
    EXPECT_EQ(a.reading.propensity, b.reading.propensity);
  }

  static void expect_near(const std::map<std::size_t, std::vector<float>>& found,
                          const std::map<std::size_t, std::vector<float>>& wanted) {
    for (const auto& [layer, values] : wanted)
      EXPECT_THAT(found.at(layer), Pointwise(FloatNear(tolerance), values)) << layer;
  }
};

TEST_F(PromptReaderTest, ReadsTheSameWhateverComputesTheModel) {
  needs_.answers = true;
  auto readers = make_prompt_readers(decoders_);
  for (auto& reader : make_layerwise_readers(tiny_.model(), 1)) readers.push_back(std::move(reader));
  for (const auto& reader : readers) reader->begin_with(prefix(), needs_);
  const auto expected = readers[0]->read(all());
  const auto found = readers[1]->read(all());
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    ASSERT_EQ(expected[i].last.size(), 2U);
    ASSERT_EQ(expected[i].means.size(), 2U);
    expect_near(found[i].last, expected[i].last);
    expect_near(found[i].means, expected[i].means);
    EXPECT_EQ(expected[i].difference.size(), 4 * tiny_.model().info().width);
    EXPECT_THAT(found[i].difference, Pointwise(FloatNear(tolerance), expected[i].difference));
    EXPECT_NEAR(found[i].propensity, expected[i].propensity, tolerance);
  }
}

// Against a decode of nothing but this prompt, read at every token.
TEST_F(PromptReaderTest, ReadsMeansOverAllTokensOfAPrompt) {
  const auto& prompt = samples_[3].prompt;
  Batch batch;
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    batch.captures.push_back({.row = i, .layer = 2});
    batch.rows.push_back({.token = prompt[i], .position = static_cast<std::int32_t>(i)});
  }
  const auto decoded = decoders_[0].decode(batch);
  std::vector<float> mean(decoded.width);
  for (std::size_t i = 0; i < prompt.size(); ++i)
    for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += decoded.capture(i)[k] / static_cast<float>(prompt.size());
  const auto readers = make_prompt_readers(decoders_);
  readers[0]->begin_with(prefix(), needs_);
  for (int again = 0; again < 2; ++again)
    EXPECT_THAT(readers[0]->read(all())[3].means.at(2), Pointwise(FloatNear(tolerance), mean));
}

TEST_F(PromptReaderTest, ReadsTheRepresentationsThatADecoderReads) {
  const RepresentationRequest request{.prompt_layers = {3, 1}};
  const auto expected = read_representations(make_prompt_readers(decoders_), samples_, request);
  const auto found = read_representations(make_layerwise_readers(tiny_.model(), 2), samples_, request);
  EXPECT_EQ(found.samples, expected.samples);
  EXPECT_EQ(found.prompt_layers, expected.prompt_layers);
  EXPECT_THAT(found.differences, Pointwise(FloatNear(tolerance), expected.differences));
  EXPECT_THAT(found.prompts, Pointwise(FloatNear(tolerance), expected.prompts));
  EXPECT_THAT(found.propensity, Pointwise(FloatNear(tolerance), expected.propensity));
}

TEST_F(PromptReaderTest, ReadsTheSameAloneTogetherAndOnAnyNumberOfThreads) {
  const auto expected = read_representations(make_layerwise_readers(tiny_.model(), 1), samples_, as_a_sweep_);
  const auto found = read_representations(make_layerwise_readers(tiny_.model(), 3), samples_, as_a_sweep_);
  EXPECT_EQ(found.differences, expected.differences);
  EXPECT_EQ(found.propensity, expected.propensity);
  auto with_answers = layerwise(nullptr, true);
  auto without = layerwise();
  const auto together = with_answers.read_states(all());
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    const auto alone = read(without, samples_[i]);
    expect_same(alone, together[i]);
    EXPECT_THAT(alone.reading.difference, IsEmpty());
  }
}

TEST_F(PromptReaderTest, GoesOnFromChunksOfTheSameReadersAlone) {
  const test::TemporaryFolder folder;
  const auto own = make_layerwise_readers(tiny_.model(), 1);
  const auto first = read_representations(own, samples_, {}, {}, folder.path());
  std::size_t resumed = 0;
  Job job;
  job.on_progress = [&](const Progress& progress) { resumed = progress.resumed; };
  const auto again = read_representations(own, samples_, {}, job, folder.path());
  EXPECT_EQ(resumed, samples_.size());
  EXPECT_EQ(again.differences, first.differences);
  static_cast<void>(read_representations(make_prompt_readers(decoders_), samples_, {}, job, folder.path()));
  EXPECT_EQ(resumed, 0U) << "a decoder's last digits differ";
}

TEST_F(PromptReaderTest, RefusesAPromptThatDoesNotGoOnFromThePrefix) {
  auto readers = make_prompt_readers(decoders_);
  for (auto& reader : make_layerwise_readers(tiny_.model(), 1)) readers.push_back(std::move(reader));
  for (const auto& reader : readers) {
    reader->begin_with(prefix(), needs_);
    auto other = samples_[0];
    const auto* const pointer = &other;
    const auto kind = [&] { return test::error_of([&] { static_cast<void>(reader->read({&pointer, 1})); }).kind(); };
    other.prompt[0] += 1;
    EXPECT_EQ(kind(), ErrorKind::usage);
    other.prompt = {prefix().begin(), prefix().end()};
    EXPECT_EQ(kind(), ErrorKind::usage);
  }
}

TEST_F(PromptReaderTest, LeavesWhatItReadsToTheNextWhoReads) {
  PromptStateCache cache(plenty);
  static_cast<void>(read_representations(make_layerwise_readers(tiny_.model(), 2, &cache), samples_, as_a_sweep_));
  auto fresh = layerwise(&cache);
  const auto taken = read(fresh, samples_[4]);
  EXPECT_EQ(fresh.layers().flops(), 0);
  auto without = layerwise();
  expect_same(taken, read(without, samples_[4]));
  expect_same(taken, read(fresh, samples_[4]));  // taken once: now it is computed
  EXPECT_GT(fresh.layers().flops(), 0);
}

TEST_F(PromptReaderTest, LeavesWhatItShowsToBeReadAgain) {
  PromptStateCache cache(plenty);
  auto own = layerwise(&cache, true);
  const auto first = own.read(all());
  const double flops = own.layers().flops();
  const auto again = own.read(all());
  EXPECT_EQ(own.layers().flops(), flops);
  EXPECT_EQ(again[2].difference, first[2].difference);
  EXPECT_EQ(again[2].last, first[2].last);
  EXPECT_EQ(again[2].propensity, first[2].propensity);
}

TEST_F(PromptReaderTest, KeepsNoMoreThanItMay) {
  auto own = layerwise();
  const auto state = read(own, samples_[0]);
  std::size_t values = 0;
  for (const auto& part : {state.key_values.keys, state.key_values.values})
    for (const auto& layer : part) values += layer.size();
  for (const auto& part : {state.reading.last, state.reading.means})
    for (const auto& [layer, vector] : part) values += vector.size();

  PromptStateCache too_small(values * sizeof(float) - 1);
  too_small.keep(samples_[0], prefix_, needs_, state);
  EXPECT_FALSE(too_small.take(samples_[0], prefix_, needs_));
  PromptStateCache enough(values * sizeof(float));
  enough.keep(samples_[0], prefix_, needs_, state);
  enough.keep(samples_[1], prefix_, needs_, state);
  EXPECT_FALSE(enough.take(samples_[1], prefix_, needs_));
  EXPECT_TRUE(enough.take(samples_[0], prefix_, needs_));
  enough.keep(samples_[1], prefix_, needs_, state);  // there is room again
  EXPECT_TRUE(enough.take(samples_[1], prefix_, needs_));
}

TEST_F(PromptReaderTest, TakesOnlyWhatWasReadAsItWould) {
  PromptStateCache cache(plenty);
  auto own = layerwise();
  cache.keep(samples_[0], prefix_, needs_, read(own, samples_[0]));
  auto with_answers = needs_;
  with_answers.answers = true;
  EXPECT_FALSE(cache.take(samples_[0], prefix_, with_answers)) << "without the answers";
  EXPECT_FALSE(cache.take(samples_[0], 0, needs_));
  EXPECT_FALSE(cache.take(samples_[0], prefix_, {.means = {1}}));
  auto other_answer = samples_[0];
  other_answer.chosen += 1;
  EXPECT_FALSE(cache.take(other_answer, prefix_, needs_));
  EXPECT_TRUE(cache.take(samples_[0], prefix_, needs_));
}

}  // namespace
}  // namespace w2s
