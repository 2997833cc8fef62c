#include "w2s/vectors.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "support/error_of.h"
#include "support/tiny_study.h"
#include "vectors/synthetic_representations.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using test::LoadedTinyModel;
using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

constexpr DecoderOptions options = {.context = 512, .sequences = 4, .rows_per_batch = 256, .threads = 1};

std::vector<float> difference_by_itself(Decoder& decoder, const TokenizedSample& sample) {
  auto difference = test::residuals_at_answer(decoder, sample, sample.chosen);
  const auto rejected = test::residuals_at_answer(decoder, sample, sample.rejected);
  std::ranges::transform(difference, rejected, difference.begin(), std::minus<>());
  return difference;
}

// The prompt alone, every layer at its last token, and the answers' logits.
Decoded prompt_by_itself(Decoder& decoder, const TokenizedSample& sample) {
  decoder.clear();
  Batch batch;
  for (const Token token : sample.prompt)
    batch.rows.push_back({.token = token, .position = static_cast<std::int32_t>(batch.rows.size())});
  batch.rows.back().wants_logits = true;
  batch.scored = {sample.chosen, sample.rejected};
  for (std::size_t layer = 0; layer < decoder.model().info().layers; ++layer)
    batch.captures.push_back({batch.rows.size() - 1, layer});
  return decoder.decode(batch);
}

void expect_same(const RepresentationSet& a, const RepresentationSet& b) {
  EXPECT_EQ(a.samples, b.samples);
  EXPECT_EQ(a.prompt_layers, b.prompt_layers);
  EXPECT_EQ(a.differences, b.differences);
  EXPECT_EQ(a.prompts, b.prompts);
  EXPECT_EQ(a.propensity, b.propensity);
}

// A model and samples whose prompts begin alike, which is decoded once.
class ReadRepresentations : public testing::Test {
 protected:
  LoadedTinyModel tiny_{test::tiny_llama()};
  std::vector<Decoder> decoders_ = make_decoders(tiny_.model(), options, 1);
  test::TemporaryFolder folder_;
  std::filesystem::path work_folder_ = folder_ / "work/oracle";
  // Five chunks: four of 16 and one of 3.
  std::vector<TokenizedSample> samples_ = test::tokenized(tiny_.model(), test::questions(67));
  std::vector<TokenizedSample> few_ = {samples_.begin(), samples_.begin() + 5};

  [[nodiscard]] RepresentationSet read(std::span<const TokenizedSample> samples, const Job& job = {},
                                       std::vector<std::size_t> layers = {3, 1}) {
    return read_representations(make_prompt_readers(decoders_), samples, {.prompt_layers = std::move(layers)}, job,
                                work_folder_);
  }

  // How many samples a call takes from the folder.
  [[nodiscard]] std::size_t resumed(std::span<const TokenizedSample> samples,
                                    std::vector<std::size_t> layers = {3, 1}) {
    std::size_t resumed = 0;
    Job job;
    job.on_progress = [&](const Progress& progress) { resumed = progress.resumed; };
    static_cast<void>(read(samples, job, std::move(layers)));
    return resumed;
  }
};

TEST_F(ReadRepresentations, AreThoseOfEachSampleAlone) {
  ASSERT_GT(common_prefix_length(few_), 10U);
  const std::vector<std::size_t> prompt_layers = {3, 1};
  const auto set = read_representations(make_prompt_readers(decoders_), few_, {.prompt_layers = prompt_layers});
  EXPECT_EQ(set.samples, 5U);
  EXPECT_EQ(set.layers, 4U);
  EXPECT_EQ(set.width, 32U);
  for (std::size_t i = 0; i < few_.size(); ++i) {
    const auto input = set.input(i);
    EXPECT_THAT(input.difference, Pointwise(FloatNear(1e-4F), difference_by_itself(decoders_[0], few_[i])));
    const auto prompt = prompt_by_itself(decoders_[0], few_[i]);
    EXPECT_THAT(set.prompt(i, 0), Pointwise(FloatNear(1e-4F), prompt.capture(3)));
    EXPECT_THAT(input.last.at(3), Pointwise(FloatNear(1e-4F), prompt.capture(3)));
    EXPECT_THAT(input.last.at(1), Pointwise(FloatNear(1e-4F), prompt.capture(1)));
    EXPECT_NEAR(set.propensity[i], prompt.logits[0] - prompt.logits[1], 1e-4);
    const auto second_layer = std::span(input.difference).subspan(2 * set.width, set.width);
    EXPECT_THAT(set.difference(i, 2), Pointwise(testing::Eq(), second_layer));
  }
}

TEST_F(ReadRepresentations, NeedNoTokensInCommon) {
  auto samples = std::vector<TokenizedSample>{few_[0], few_[1]};
  samples[1].prompt.front() = samples[0].prompt.front() - 1;
  ASSERT_EQ(common_prefix_length(samples), 0U);
  const auto set = read_representations(make_prompt_readers(decoders_), samples);
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_THAT(set.input(i).difference, Pointwise(FloatNear(1e-4F), difference_by_itself(decoders_[0], samples[i])));
}

TEST_F(ReadRepresentations, DoNotDependOnTheNumberOfDecoders) {
  const std::vector<std::size_t> prompt_layers = {2};
  auto three = make_decoders(tiny_.model(), options, 3);
  expect_same(read_representations(make_prompt_readers(decoders_), samples_, {.prompt_layers = prompt_layers}),
              read_representations(make_prompt_readers(three), samples_, {.prompt_layers = prompt_layers}));
}

TEST_F(ReadRepresentations, DoNotDependOnWhatTheDecoderHeldBefore) {
  const auto clean = read_representations(make_prompt_readers(decoders_), few_);
  static_cast<void>(prompt_by_itself(decoders_[0], samples_.back()));
  expect_same(read_representations(make_prompt_readers(decoders_), few_), clean);
}

TEST_F(ReadRepresentations, ReportEachSample) {
  std::vector<std::size_t> done;
  Job job;
  job.on_progress = [&](const Progress& progress) { done.push_back(progress.done); };
  static_cast<void>(read_representations(make_prompt_readers(decoders_), std::span(few_).first(3), {}, job));
  EXPECT_THAT(done, ElementsAre(0, 1, 2, 3));
}

TEST_F(ReadRepresentations, NeedASample) {
  const auto error =
      test::error_of([&] { static_cast<void>(read_representations(make_prompt_readers(decoders_), {}, {})); });
  EXPECT_EQ(error.kind(), ErrorKind::data);
}

TEST_F(ReadRepresentations, AreKeptInAFolderAndReadFromThere) {
  const std::vector<std::size_t> prompt_layers = {3, 1};
  const auto without_folder =
      read_representations(make_prompt_readers(decoders_), samples_, {.prompt_layers = prompt_layers});
  expect_same(read(samples_), without_folder);
  EXPECT_EQ(resumed(samples_), 67U);
  expect_same(read(samples_), without_folder);
  EXPECT_EQ(resumed(samples_, {}), 0U);  // without prompts to look at
  EXPECT_EQ(resumed(samples_, {}), 67U);
}

TEST_F(ReadRepresentations, AreDecodedInSharesThatMakeTheWhole) {
  const std::vector<std::size_t> prompt_layers = {3, 1};
  std::vector<std::size_t> totals;
  for (std::size_t rank = 0; rank < 3; ++rank) {
    std::size_t total = 0;
    Job job;
    job.on_progress = [&](const Progress& progress) { total = progress.total; };
    read_share_of_representations(make_prompt_readers(decoders_), samples_, {.prompt_layers = prompt_layers},
                                  {.rank = rank, .of = 3}, work_folder_, job);
    totals.push_back(total);
  }
  EXPECT_THAT(totals, ElementsAre(32, 19, 16));
  EXPECT_EQ(resumed(samples_), 67U);
  const auto shared = read(samples_);
  work_folder_.clear();
  expect_same(shared, read(samples_));
}

TEST_F(ReadRepresentations, CanBeStopped) {
  std::stop_source stop;
  Job job;
  job.stop = stop.get_token();
  job.on_progress = [&](const Progress&) { stop.request_stop(); };
  const auto error = test::error_of([&] { static_cast<void>(read(few_, job)); });
  EXPECT_EQ(error.kind(), ErrorKind::interrupted);
}

TEST_F(ReadRepresentations, GoOnWithTheChunksThatWereFinishedBeforeAFailure) {
  auto failing = samples_;
  failing[65].prompt.back() = -1;  // not in the vocabulary
  const auto error = test::error_of([&] { static_cast<void>(read(failing)); });
  EXPECT_EQ(error.kind(), ErrorKind::usage);
  const auto continued = [&] {
    std::size_t resumed = 0;
    Job job;
    job.on_progress = [&](const Progress& progress) { resumed = progress.resumed; };
    auto set = read(samples_, job);
    EXPECT_EQ(resumed, 64U);
    return set;
  }();
  work_folder_.clear();
  expect_same(continued, read(samples_));
}

TEST_F(ReadRepresentations, AreNotTakenFromWhatWasKeptOfOtherSamples) {
  static_cast<void>(read(few_));
  ASSERT_EQ(resumed(few_), 5U);
  EXPECT_EQ(resumed(std::span(samples_).subspan(2, 5)), 0U);
  static_cast<void>(read(few_));
  auto other_answer = few_;
  std::swap(other_answer[2].chosen, other_answer[2].rejected);
  EXPECT_EQ(resumed(other_answer), 0U);
}

TEST_F(ReadRepresentations, AreNotTakenFromWhatWasKeptOfOtherLayersOrModels) {
  static_cast<void>(read(few_));
  EXPECT_EQ(resumed(few_, {1, 3}), 0U);
  const LoadedTinyModel other([] {
    auto shape = test::tiny_llama();
    shape.feed_forward *= 2;
    return shape;
  }());
  static_cast<void>(read(few_));
  decoders_ = make_decoders(other.model(), options, 1);
  EXPECT_EQ(resumed(few_), 0U);
}

TEST_F(ReadRepresentations, AreDecodedAgainWhereAChunkIsDamaged) {
  const auto set = read(samples_);
  const auto path = work_folder_ / "representations-1.gguf";
  const auto chunk = read_file(path);
  write_file(path, std::string_view(chunk).substr(0, chunk.size() / 2));
  EXPECT_EQ(resumed(samples_), 51U);
  write_file(path, "nothing");
  expect_same(read(samples_), set);
}

TEST_F(ReadRepresentations, NeedAFolderThatCanBeMade) {
  write_file(folder_ / "work", "a file");
  EXPECT_THAT(test::message_of(ErrorKind::io, [&] { static_cast<void>(read(few_)); }), testing::HasSubstr("oracle"));
}

TEST_F(ReadRepresentations, OfOneInputAreWhatTheSetHasAsFarAsTheyAreNeeded) {
  const std::vector<std::size_t> prompt_layers = {2, 0};
  const auto expected =
      read_representations(make_prompt_readers(decoders_), few_, {.prompt_layers = prompt_layers}).input(1);
  const auto everything = read_prompt(decoders_[0], few_[1], {.last = {0, 2}, .answers = true});
  EXPECT_THAT(everything.difference, Pointwise(FloatNear(1e-4F), expected.difference));
  EXPECT_THAT(everything.last.at(0), Pointwise(FloatNear(1e-4F), expected.last.at(0)));
  EXPECT_THAT(everything.last.at(2), Pointwise(FloatNear(1e-4F), expected.last.at(2)));
  const auto prompt_only = read_prompt(decoders_[0], few_[1], {.last = {2}});
  EXPECT_TRUE(prompt_only.difference.empty());
  ASSERT_EQ(prompt_only.last.size(), 1U);
  EXPECT_THAT(prompt_only.last.at(2), Pointwise(FloatNear(1e-4F), expected.last.at(2)));
  const auto answers_only = read_prompt(decoders_[0], few_[1], {.answers = true});
  EXPECT_TRUE(answers_only.last.empty());
  EXPECT_THAT(answers_only.difference, Pointwise(FloatNear(1e-4F), expected.difference));
}

TEST(MeanDifference, IsTheMeanOverSamplesOfEveryLayer) {
  RepresentationSet set{.samples = 2, .layers = 2, .width = 2};
  set.differences = {1, 2, 3, 4, 5, -2, 0, 1};
  EXPECT_THAT(mean_difference(set), ElementsAre(3.0F, 0.0F, 1.5F, 2.5F));
}

TEST(MeanDifference, DoesNotLoseSmallDifferencesAmongManyLargeOnes) {
  // In single precision 1e8 + 1 is 1e8.
  EXPECT_THAT(mean_difference(test::one_layer({{1e8F}, {1}, {1}, {1}, {1}, {-1e8F}})), ElementsAre(4.0F / 6));
}

TEST(AgreementWithOracle, ComparesTheSourceAndTheTrainingMeanWithEachHeldOutDifference) {
  const auto training = test::one_layer({{2, 0}, {4, 0}});
  const auto held_out = test::one_layer({{3, 4}, {0, -5}});
  const ConstantSource source({.layers = 1, .width = 2}, {0, 1});
  const auto agreement = agreement_with_oracle(source, training, held_out);
  ASSERT_EQ(agreement.size(), 1U);
  EXPECT_DOUBLE_EQ(agreement[0].cosine, (0.8 - 1) / 2);
  EXPECT_DOUBLE_EQ(agreement[0].mean_cosine, (0.6 + 0) / 2);
  EXPECT_DOUBLE_EQ(agreement[0].error, ((9 + 9) + (0 + 36)) / 4.0);
  EXPECT_DOUBLE_EQ(agreement[0].mean_error, ((0 + 16) + (9 + 25)) / 4.0);
}

TEST(AgreementWithOracle, CountsAVectorOfZerosAsPointingNowhere) {
  const ConstantSource source({.layers = 1, .width = 2}, {0, 0});
  const auto agreement = agreement_with_oracle(source, test::one_layer({{1, 1}}), test::one_layer({{3, 4}, {0, 0}}));
  EXPECT_EQ(agreement[0].cosine, 0);
  EXPECT_DOUBLE_EQ(agreement[0].error, 25 / 4.0);
}

}  // namespace
}  // namespace w2s
