#include "w2s/results.h"

#include <gmock/gmock.h>

#include <array>

#include "predictor/toy_evaluation.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::array parts = {SplitPart::train, SplitPart::validation, SplitPart::test, SplitPart::test,
                              SplitPart::test};

// Steerabilities [samples][layers 2, 5, 6, 7, 11]; whole numbers, so that slopes are exact.
constexpr std::array<std::array<float, 5>, 5> caa = {{{4, 8, 0, 0, 0},      // train: fixed is the best of these two
                                                      {2, 4, 0, 9, 0},      // validation
                                                      {9, 5, 4, 3, 1},      // test: best at layer 2
                                                      {0, 2, 1, -4, 6},     // test: best at layer 11
                                                      {-3, 7, -1, 1, 5}}};  // test: best at layer 5

class LayerAnalysisOfAStore : public testing::Test {
 protected:
  LayerAnalysisOfAStore() {
    header.behavior = "warm";
    header.samples = parts.size();
    header.model_layers = 12;
    header.width = 1;
    header.methods = {"caa", "oracle"};
    header.grid = {{2, 5, 6, 7, 11}, {-1.0F, 0.0F, 1.0F}};
    header.encoders = {{0, Pooling::last}};
  }

  // Propensities are steerability times multiplier; the oracle's steerabilities are twice CAA's.
  [[nodiscard]] SweepRecord record(std::size_t sample, PromptVariant variant = PromptVariant::base) const {
    SweepRecord record{.key = {sample, variant}, .id = static_cast<std::int64_t>(sample), .part = parts.at(sample)};
    for (const float factor : {1.0F, 2.0F}) {
      auto& map = record.propensity.emplace_back(PropensityMap{.layers = 5, .multipliers = 3});
      for (const float slope : caa.at(sample))
        for (const float multiplier : header.grid.multipliers) map.values.push_back(factor * slope * multiplier);
    }
    record.encodings = {{1.0F}};
    return record;
  }

  void write_sweep(std::size_t samples = parts.size()) const {
    auto store = SweepStore::open(folder.sweep(), header);
    for (std::size_t i = 0; i < samples; ++i) store.add(record(i));
  }

  void write_predictors_of(const std::string& method, std::size_t fixed_layer) const {
    PredictorFile file;
    file.encoder = "first-last";
    file.behavior = header.behavior;
    file.method = method;
    file.model_layers = header.model_layers;
    file.fixed_layer = fixed_layer;
    file.fixed_layer_method = method;
    for (const std::size_t k : {1U, 2U}) {
      // As a predictor of one class or two: the number of its layers is that of the labels.
      auto fitted = test::fitted(test::top(k), {k == 1 ? std::vector<std::size_t>{5, 7} : std::vector<std::size_t>{5}});
      fitted.settings.hidden_width = 8;
      fitted.scores = {{.settings = {.hidden_width = 4}, .steerability = 1, .accuracy = 0.875, .epochs = 3},
                       {.settings = fitted.settings, .steerability = 2, .accuracy = k == 1 ? 0.25 : 0.5, .epochs = 3}};
      file.by_policy.emplace(fitted.policy, fitted);
    }
    auto expected = test::fitted({.objective = Objective::expected_steerability}, {{5}});
    file.by_policy.emplace(expected.policy, expected);
    file.default_policy = test::top(1);
    write_predictors(folder.predictor(method == "caa" ? "" : method), file);
  }

  test::TemporaryFolder temporary;
  BehaviorFolder folder{temporary.path()};
  SweepStoreHeader header;
};

TEST_F(LayerAnalysisOfAStore, ComparesEachTestSamplesBestLayersWithTheFixedOne) {
  write_sweep();
  write_predictors_of("caa", 5);
  write_predictors_of("oracle", 7);
  const auto analyses = analyze_layers(BehaviorResults(folder));
  ASSERT_EQ(analyses.size(), 2U);
  const auto& first = analyses[0];
  EXPECT_EQ(first.behavior, "warm");
  EXPECT_EQ(first.method, "caa");
  EXPECT_THAT(first.layers, ElementsAre(2, 5, 6, 7, 11));
  EXPECT_THAT(first.fitting_mean, ElementsAre(3, 6, 0, 4.5, 0));
  EXPECT_EQ(first.fixed_layer, 5U);
  EXPECT_EQ(first.test_samples, 3U);
  EXPECT_THAT(first.best_count, ElementsAre(1, 1, 0, 0, 1));
  EXPECT_DOUBLE_EQ(first.distance_from_fixed, (3 + 6 + 0) / 3.0);
  EXPECT_DOUBLE_EQ(first.fixed, (5 + 2 + 7) / 3.0);
  EXPECT_THAT(first.gain, ElementsAre(4, 4, 0));
  EXPECT_THAT(first.kth_best[0], testing::Optional(DoubleEq((9 + 6 + 7) / 3.0)));
  EXPECT_THAT(first.kth_best[1], testing::Optional(DoubleEq((5 + 2 + 5) / 3.0)));
  EXPECT_THAT(first.kth_best[2], testing::Optional(DoubleEq((4 + 1 + 1) / 3.0)));
  EXPECT_THAT(first.kth_best[3], testing::Optional(DoubleEq((3 + 0 - 1) / 3.0)));
  const auto& second = analyses[1];
  EXPECT_EQ(second.method, "oracle");
  EXPECT_EQ(second.fixed_layer, 7U);
  EXPECT_THAT(second.fitting_mean, ElementsAre(6, 12, 0, 9, 0));
  EXPECT_DOUBLE_EQ(second.distance_from_fixed, (5 + 4 + 2) / 3.0);
  EXPECT_THAT(second.gain, ElementsAre(12, 20, 12));
}

TEST_F(LayerAnalysisOfAStore, TellsOfLabelsWhatTheChosenPredictorsSayOfThem) {
  write_sweep();
  write_predictors_of("caa", 5);
  write_predictors_of("oracle", 5);
  const auto labels = analyze_layers(BehaviorResults(folder)).front().labels;
  ASSERT_EQ(labels.size(), 2U) << "expected steerability has no labels";
  EXPECT_EQ(labels[0].top_k, 1U);
  EXPECT_EQ(labels[0].layers, 2U);
  EXPECT_EQ(labels[0].accuracy, 0.25);
  EXPECT_EQ(labels[1].top_k, 2U);
  EXPECT_EQ(labels[1].layers, 1U);
  EXPECT_EQ(labels[1].accuracy, 0.5);
}

TEST_F(LayerAnalysisOfAStore, IsOfBaseAlone) {
  write_sweep();
  {
    auto store = SweepStore::open(folder.sweep(), header);
    store.add(record(2, PromptVariant::system_negative));
  }
  write_predictors_of("caa", 5);
  write_predictors_of("oracle", 5);
  EXPECT_EQ(analyze_layers(BehaviorResults(folder)).front().test_samples, 3U);
}

TEST_F(LayerAnalysisOfAStore, HasNoFourthBestOfThreeLayers) {
  header.grid.layers = {2, 5, 6};
  auto store = SweepStore::open(folder.sweep(), header);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto short_record = record(i);
    for (auto& map : short_record.propensity) {
      map.layers = 3;
      map.values.resize(9);
    }
    store.add(short_record);
  }
  write_predictors_of("caa", 5);
  write_predictors_of("oracle", 5);
  const auto analysis = analyze_layers(BehaviorResults(folder)).front();
  EXPECT_THAT(analysis.kth_best[2], testing::Optional(DoubleEq((4 + 0 - 3) / 3.0)));
  EXPECT_FALSE(analysis.kth_best[3]);
}

TEST_F(LayerAnalysisOfAStore, RefusesWhatIsMissing) {
  write_sweep(4);
  write_predictors_of("caa", 5);
  EXPECT_THAT(test::message_of(ErrorKind::results, [&] { static_cast<void>(analyze_layers(BehaviorResults(folder))); }),
              HasSubstr("4 of 5 samples"));
  write_sweep();
  EXPECT_THAT(test::message_of(ErrorKind::results, [&] { static_cast<void>(analyze_layers(BehaviorResults(folder))); }),
              testing::AllOf(HasSubstr("predictor.oracle.gguf"), HasSubstr("w2s fit")));
  write_predictors_of("oracle", 8);
  EXPECT_THAT(test::message_of(ErrorKind::results, [&] { static_cast<void>(analyze_layers(BehaviorResults(folder))); }),
              HasSubstr("fixed layer 8"));
  EXPECT_THAT(test::message_of(ErrorKind::results,
                               [&] { static_cast<void>(analyze_layers(BehaviorResults({temporary / "no"}))); }),
              HasSubstr("sweep.sqlite"));
}

}  // namespace
}  // namespace w2s
