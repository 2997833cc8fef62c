#include "w2s/results.h"

#include <gmock/gmock.h>

#include <cmath>

#include "results/prompt_embeddings.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::size_t samples = 4;
constexpr std::array parts = {SplitPart::train, SplitPart::validation, SplitPart::test, SplitPart::test};

SweepStoreHeader header() {
  return {.behavior = "warm",
          .samples = samples,
          .model_layers = 6,
          .width = 2,
          .methods = {"l2s", "oracle"},
          .grid = {.layers = {1, 3, 4}, .multipliers = {-1.0F, 1.0F}, .operation = SteeringOperator::add_keep_norm},
          .encoders = {{0, Pooling::last}, {3, Pooling::mean}},
          .settings = {{"data", "abc"}, {"architecture", "llama"}}};
}

// Steerability at a layer is the layer's number, of the second method ten times as much.
SweepRecord record(std::size_t sample, PromptVariant variant = PromptVariant::base,
                   std::vector<std::size_t> layers = {}) {
  SweepRecord made{.key = {.sample = sample, .variant = variant},
                   .id = static_cast<std::int64_t>(100 + sample),
                   .part = parts.at(sample),
                   .layers = layers};
  if (layers.empty()) layers = header().grid.layers;
  for (const float factor : {1.0F, 10.0F}) {
    auto& map = made.propensity.emplace_back(PropensityMap{.layers = layers.size(), .multipliers = 2});
    for (const std::size_t layer : layers) {
      const float slope = factor * static_cast<float>(layer);
      map.values.insert(map.values.end(), {-slope, slope});
    }
  }
  const auto number = static_cast<float>(sample);
  made.encodings = {{number, 1}, {number, 2}};
  return made;
}

class ResultsOfABehaviour : public testing::Test {
 protected:
  ResultsOfABehaviour() {
    fs::create_directories(folder.root);
    add(0, samples);
  }

  void add(std::size_t first, std::size_t last) const {
    auto store = SweepStore::open(folder.sweep(), header());
    for (std::size_t i = first; i < last; ++i) store.add(record(i));
  }
  void add(const SweepRecord& more) const { SweepStore::open(folder.sweep(), header()).add(more); }

  test::TemporaryFolder root;
  BehaviorFolder folder{root / "warm"};
};

TEST_F(ResultsOfABehaviour, HoldTheSweepByVariantAndSample) {
  add(record(3, PromptVariant::system_negative, {3}));
  const BehaviorResults results(folder);
  EXPECT_EQ(results.header().behavior, "warm");
  EXPECT_EQ(results.setting("data"), "abc");
  EXPECT_EQ(results.setting("never recorded"), "");
  EXPECT_THAT(results.records(), SizeIs(samples + 1));
  EXPECT_THAT(results.records(PromptVariant::base), SizeIs(samples));
  ASSERT_THAT(results.records(PromptVariant::system_negative), SizeIs(1));
  EXPECT_EQ(results.records(PromptVariant::system_negative).front().key.sample, 3U);
  EXPECT_THAT(results.records(PromptVariant::user_positive), SizeIs(0));
}

TEST_F(ResultsOfABehaviour, AreReadOnceAndKept) {
  const BehaviorResults results(folder);
  const auto* const first = results.records().data();
  fs::remove(folder.sweep());
  EXPECT_EQ(results.records().data(), first);
  EXPECT_EQ(results.header().samples, samples);
  EXPECT_THAT(message_of(ErrorKind::results, [&] { static_cast<void>(BehaviorResults(folder).header()); }),
              HasSubstr("sweep.sqlite"));
}

TEST_F(ResultsOfABehaviour, TellWhatAMethodDidToTheSamplesOfParts) {
  add(record(2, PromptVariant::user_positive, {3, 4}));
  const BehaviorResults results(folder);
  const auto fitting = results.steerability(PromptVariant::base, fitting_parts, 0);
  EXPECT_EQ(fitting.samples, 2U);
  EXPECT_THAT(fitting.values, ElementsAre(1, 3, 4, 1, 3, 4));
  EXPECT_THAT(results.steerability(PromptVariant::base, test_part, 1).values, ElementsAre(10, 30, 40, 10, 30, 40));
  const auto variant = results.steerability(PromptVariant::user_positive, test_part, 0);
  ASSERT_EQ(variant.samples, 1U);
  EXPECT_TRUE(std::isnan(variant.values[0])) << "not swept there";
  EXPECT_EQ(variant.values[1], 3);

  const auto measured = results.samples(PromptVariant::base, test_part, 0, results.embeddings("layer3-mean"));
  EXPECT_EQ(measured.steerability.samples, 2U);
  EXPECT_THAT(measured.embeddings, ElementsAre(2, 2, 3, 2));
}

TEST_F(ResultsOfABehaviour, KnowTheirEncodersByTheNamesThatUsersWrite) {
  const BehaviorResults results(folder);
  EXPECT_THAT(results.encoders(), ElementsAre("first-last", "layer3-mean"));
  EXPECT_EQ(results.find_encoder(parse_encoder_choice("middle-mean")), "layer3-mean");
  EXPECT_THAT(message_of(ErrorKind::usage,
                         [&] { static_cast<void>(results.find_encoder(parse_encoder_choice("middle-last"))); }),
              AllOf(HasSubstr("did not record the encoder layer3-last"), HasSubstr("first-last, layer3-mean")));
  EXPECT_THAT(message_of(ErrorKind::usage, [&] { static_cast<void>(results.embeddings("gguf:other.gguf")); }),
              HasSubstr("were not embedded with gguf:other"));
}

TEST_F(ResultsOfABehaviour, AreCompleteWhereEverySampleIsAtAllLayersInBase) {
  EXPECT_NO_THROW(BehaviorResults(folder).check_is_complete());
  fs::remove(folder.sweep());
  add(0, 3);
  add(record(3, PromptVariant::base, {1, 3}));
  EXPECT_THAT(message_of(ErrorKind::results, [&] { BehaviorResults(folder).check_is_complete(); }),
              HasSubstr("3 of 4 samples"));
}

TEST_F(ResultsOfABehaviour, WithoutPredictorsSayHowToFitThem) {
  EXPECT_THAT(message_of(ErrorKind::results, [&] { static_cast<void>(BehaviorResults(folder).predictors(1)); }),
              AllOf(HasSubstr("predictor.oracle.gguf"), HasSubstr("`w2s fit`")));
  EXPECT_EQ(BehaviorResults(folder).operation(), SteeringOperator::add_keep_norm) << "the sweep's";
  EXPECT_EQ(BehaviorResults({root / "nothing"}).operation(), SteeringOperator::add);
}

TEST_F(ResultsOfABehaviour, HaveTheTextsOfTheSweepsSamplesOrNone) {
  EXPECT_FALSE(BehaviorResults(folder).prompt_texts());
  std::vector<PromptText> texts;
  for (std::size_t i = 0; i < samples; ++i)
    texts.push_back({static_cast<std::int64_t>(100 + i), "before", " steered", "A", "B"});
  write_prompt_texts(folder, texts);
  EXPECT_EQ(BehaviorResults(folder).prompt_texts(), texts);
  texts[1].id = std::string("another");
  write_prompt_texts(folder, texts);
  EXPECT_THAT(message_of(ErrorKind::results, [&] { static_cast<void>(BehaviorResults(folder).prompt_texts()); }),
              HasSubstr("prompts.jsonl: has other samples than the sweep"));
}

TEST_F(ResultsOfABehaviour, StandInAResultsFolderThatTellsWhatIsMissing) {
  const ResultsFolder results(root.path());
  ASSERT_THAT(results.behaviors(), SizeIs(1));
  EXPECT_EQ(results.behaviors().front().root, folder.root);
  EXPECT_EQ(results.limit(), 0U);
  EXPECT_FALSE(results.encoder_comparison());
  const auto refusal = [&](auto ask) { return message_of(ErrorKind::results, [&] { static_cast<void>(ask()); }); };
  EXPECT_THAT(refusal([&] { return results.seed(); }), HasSubstr("no settings.json with a seed"));
  EXPECT_THAT(refusal([&] { return results.settings(); }), HasSubstr("`w2s run` did not make it"));
  EXPECT_THAT(refusal([&] { return results.results(); }), HasSubstr("`w2s eval " + root.path().string() + "`"));

  write_file(root / "settings.json",
             R"({"measurement": {"seed": "7", "limit": "30"}, "data": {"warm": "abc"}, "run": {}})");
  EXPECT_EQ(results.seed(), 7U);
  EXPECT_EQ(results.limit(), 30U);
  EXPECT_EQ(results.settings().data.at("warm"), "abc");
  write_file(root / "settings.json", R"({"measurement": {"limit": "few"}, "data": {}, "run": {}})");
  EXPECT_THAT(refusal([&] { return results.limit(); }), HasSubstr("no number as limit"));
}

TEST_F(ResultsOfABehaviour, AreAResultsFolderOfOneBehaviourThemselves) {
  ASSERT_THAT(ResultsFolder(folder.root).behaviors(), SizeIs(1));
  EXPECT_EQ(ResultsFolder(folder.root).behaviors().front().root, folder.root);
}

TEST(BehaviorFolders, OfSomethingElseAreAnError) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(static_cast<void>(behavior_folders(folder.path())), Error);
  EXPECT_THROW(static_cast<void>(behavior_folders(folder / "none")), Error);
}

}  // namespace
}  // namespace w2s
