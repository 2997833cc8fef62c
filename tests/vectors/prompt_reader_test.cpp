#include "w2s/prompt_reader.h"

#include <gmock/gmock.h>

#include "support/error_of.h"
#include "support/tiny_study.h"
#include "w2s/representations.h"

namespace w2s {
namespace {

using testing::FloatNear;
using testing::IsEmpty;
using testing::Pointwise;

constexpr float tolerance = 1e-4F;
constexpr std::size_t plenty = std::size_t{1} << 30U;

class PromptReaders : public testing::Test {
 protected:
  test::LoadedTinyModel tiny_{test::tiny_llama()};
  std::vector<TokenizedSample> samples_ = test::tokenized(tiny_.model(), test::questions(6));

  [[nodiscard]] std::vector<PromptReader> readers(int threads, PromptStateCache* cache = nullptr) const {
    return make_prompt_readers(tiny_.model(), threads, samples_, {0, 2}, cache);
  }

  [[nodiscard]] static PromptState read(PromptReader& reader, const TokenizedSample& sample, bool difference) {
    const auto* const pointer = &sample;
    return std::move(reader.read({&pointer, 1}, difference).front());
  }

  // What a state says of the prompt; key-values come after it.
  static void expect_same(const PromptState& a, const PromptState& b) {
    EXPECT_EQ(a.key_values.keys, b.key_values.keys);
    EXPECT_EQ(a.key_values.values, b.key_values.values);
    EXPECT_EQ(a.last, b.last);
    EXPECT_EQ(a.means, b.means);
    EXPECT_EQ(a.propensity, b.propensity);
  }
};

TEST_F(PromptReaders, ReadTheRepresentationsThatADecoderReads) {
  auto decoders = make_decoders(tiny_.model(), {.context = 512, .threads = 1}, 1);
  auto own = readers(2);
  const std::vector<std::size_t> layers = {3, 1};
  const auto expected = read_representations(decoders, samples_, layers);
  const auto found = read_representations(own, samples_, layers);
  EXPECT_EQ(found.samples, expected.samples);
  EXPECT_EQ(found.prompt_layers, expected.prompt_layers);
  EXPECT_THAT(found.differences, Pointwise(FloatNear(tolerance), expected.differences));
  EXPECT_THAT(found.prompts, Pointwise(FloatNear(tolerance), expected.prompts));
  EXPECT_THAT(found.propensity, Pointwise(FloatNear(tolerance), expected.propensity));
}

TEST_F(PromptReaders, ReadTheSameAloneTogetherAndOnAnyNumberOfThreads) {
  auto one = readers(1);
  auto three = readers(3);
  const auto expected = read_representations(one, samples_, {});
  const auto found = read_representations(three, samples_, {});
  EXPECT_EQ(found.differences, expected.differences);
  EXPECT_EQ(found.propensity, expected.propensity);
  std::vector<const TokenizedSample*> all;
  for (const auto& sample : samples_) all.push_back(&sample);
  const auto together = one.front().read(all, true);
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    const auto alone = read(three.front(), samples_[i], false);
    expect_same(alone, together[i]);
    EXPECT_THAT(alone.difference, IsEmpty());
  }
}

TEST_F(PromptReaders, GoOnFromChunksOfTheSameReadersAlone) {
  const test::TemporaryFolder folder;
  auto own = readers(1);
  const auto first = read_representations(own, samples_, {}, {}, folder.path());
  std::size_t resumed = 0;
  Job job;
  job.on_progress = [&](const Progress& progress) { resumed = progress.resumed; };
  const auto again = read_representations(own, samples_, {}, job, folder.path());
  EXPECT_EQ(resumed, samples_.size());
  EXPECT_EQ(again.differences, first.differences);
  auto decoders = make_decoders(tiny_.model(), {.context = 512, .threads = 1}, 1);
  static_cast<void>(read_representations(decoders, samples_, {}, job, folder.path()));
  EXPECT_EQ(resumed, 0U) << "a decoder's last digits differ";
}

TEST_F(PromptReaders, RefuseAPromptThatDoesNotGoOnFromThePrefix) {
  auto own = readers(1);
  auto other = samples_[0];
  other.prompt[0] += 1;
  EXPECT_EQ(test::error_of([&] { static_cast<void>(read(own.front(), other, true)); }).kind(), ErrorKind::usage);
  other.prompt.resize(own.front().pass().shared_prefix);
  EXPECT_EQ(test::error_of([&] { static_cast<void>(read(own.front(), other, true)); }).kind(), ErrorKind::usage);
}

TEST_F(PromptReaders, LeaveWhatTheyReadToTheNextWhoReads) {
  PromptStateCache cache(plenty);
  auto own = readers(2, &cache);
  static_cast<void>(read_representations(own, samples_, {}));
  auto fresh = readers(1, &cache);
  const auto taken = read(fresh.front(), samples_[4], false);
  EXPECT_EQ(fresh.front().model().flops(), 0);
  auto without = readers(1);
  expect_same(taken, read(without.front(), samples_[4], false));
  expect_same(taken, read(fresh.front(), samples_[4], false));  // taken once: now it is computed
  EXPECT_GT(fresh.front().model().flops(), 0);
}

TEST_F(PromptReaders, KeepNoMoreThanTheyMay) {
  auto own = readers(1);
  auto state = read(own.front(), samples_[0], false);
  std::size_t values = state.last.size() * state.last.front().size();
  for (const auto& part : {state.key_values.keys, state.key_values.values})
    for (const auto& layer : part) values += layer.size();
  for (const auto& [layer, mean] : state.means) values += mean.size();
  const auto& pass = own.front().pass();

  PromptStateCache too_small(values * sizeof(float) - 1);
  too_small.keep(samples_[0], pass, state);
  EXPECT_FALSE(too_small.take(samples_[0], pass, false));
  PromptStateCache enough(values * sizeof(float));
  enough.keep(samples_[0], pass, state);
  enough.keep(samples_[1], pass, state);
  EXPECT_FALSE(enough.take(samples_[1], pass, false));
  EXPECT_TRUE(enough.take(samples_[0], pass, false));
  enough.keep(samples_[1], pass, state);  // there is room again
  EXPECT_TRUE(enough.take(samples_[1], pass, false));
}

TEST_F(PromptReaders, TakeOnlyWhatWasReadAsTheyWould) {
  PromptStateCache cache(plenty);
  auto own = readers(1);
  const auto& pass = own.front().pass();
  cache.keep(samples_[0], pass, read(own.front(), samples_[0], false));
  EXPECT_FALSE(cache.take(samples_[0], pass, true)) << "without the answers";
  EXPECT_FALSE(cache.take(samples_[0], {.shared_prefix = 0, .mean_layers = pass.mean_layers}, false));
  EXPECT_FALSE(cache.take(samples_[0], {.shared_prefix = pass.shared_prefix, .mean_layers = {1}}, false));
  auto other_answer = samples_[0];
  other_answer.chosen += 1;
  EXPECT_FALSE(cache.take(other_answer, pass, false));
  EXPECT_TRUE(cache.take(samples_[0], pass, false));
}

}  // namespace
}  // namespace w2s
