#include "w2s/study_plan.h"

#include <gmock/gmock.h>

#include <numeric>

#include "support/error_of.h"
#include "support/tiny_study.h"
#include "w2s/file.h"

namespace w2s {
namespace {

using testing::HasSubstr;

// A prompt that begins with `shared` tokens that all others have, and goes on with `own` of its own.
TokenizedSample prompt(std::size_t shared, std::size_t own, Token first) {
  TokenizedSample sample;
  sample.prompt.assign(shared, 7);
  for (std::size_t i = 0; i < own; ++i) sample.prompt.push_back(first + static_cast<Token>(i));
  return sample;
}

TEST(CountSweep, CountsWhatPromptsBeginWithOnce) {
  const std::vector samples = {prompt(2, 2, 10), prompt(2, 3, 20)};
  const auto counts = count_sweep(samples, {.interventions = 3, .sources = 1});
  EXPECT_EQ(counts.prompts, 2U);
  EXPECT_EQ(counts.prompt_tokens, 2U + 2 + 3);
  EXPECT_EQ(counts.steered_rows, 2U * 3);
  EXPECT_EQ(counts.answer_tokens, 0U);
  EXPECT_EQ(counts.decodes, 1U + 2) << "the prefix, and each sample with all its rows";
  EXPECT_EQ(counts.tokens(), 7U + 6);
  EXPECT_EQ(counts.attended, (1U + 2) + (3 + 4) + (3 + 4 + 5) + 3 * 4 + 3 * 5);
}

TEST(CountSweep, PutsRowsThatDoNotFitIntoFurtherBatches) {
  const std::vector samples = {prompt(0, 4, 10), prompt(0, 4, 20)};
  // The first batch of a sample has 3 rows beside the unsteered one, each further one 4.
  EXPECT_EQ(count_sweep(samples, {.interventions = 3, .sequences = 4}).decodes, 2U * 1);
  EXPECT_EQ(count_sweep(samples, {.interventions = 4, .sequences = 4}).decodes, 2U * 2);
  EXPECT_EQ(count_sweep(samples, {.interventions = 7, .sequences = 4}).decodes, 2U * 2);
  EXPECT_EQ(count_sweep(samples, {.interventions = 8, .sequences = 4}).decodes, 2U * 3);
}

TEST(CountSweep, LetsRowsWaitThatDependOnTheInput) {
  const std::vector samples = {prompt(0, 4, 10), prompt(0, 4, 20)};
  SweepRows rows{.interventions = 2, .sources = 3, .dependent_sources = 2, .sequences = 16};
  EXPECT_EQ(count_sweep(samples, rows).decodes, 2U * 2);
  EXPECT_EQ(count_sweep(samples, rows).steered_rows, 2U * 6);
  rows.reads_answers = true;
  EXPECT_EQ(count_sweep(samples, rows).answer_tokens, 2U * 2);
  EXPECT_EQ(count_sweep(samples, rows).attended, 2U * ((1 + 2 + 3 + 4) + 6 * 4 + 2 * 5));
  rows = {.interventions = 2, .sources = 1, .chooses_layers = true, .sequences = 16};
  EXPECT_EQ(count_sweep(samples, rows).decodes, 2U * 2);
}

TEST(CountSweep, OfNothingIsNothing) { EXPECT_EQ(count_sweep({}, {.interventions = 3}), DecodeCounts{}); }

TEST(CountRepresentations, DecodesEachPromptWithBothAnswers) {
  const std::vector samples = {prompt(1, 2, 10), prompt(1, 1, 20)};
  const auto counts = count_representations(samples);
  EXPECT_EQ(counts.prompt_tokens, 1U + 2 + 1);
  EXPECT_EQ(counts.answer_tokens, 4U);
  EXPECT_EQ(counts.steered_rows, 0U);
  EXPECT_EQ(counts.decodes, 3U);
  EXPECT_EQ(counts.attended, 1U + (2 + 3) + 2 + 2 * 4 + 2 * 3);
}

TEST(Flops, AreTwoAParameterAndFourAWidthLayerAndPosition) {
  const ModelShape shape{.parameters = 1000, .layers = 3, .width = 8};
  const DecodeCounts counts{.prompt_tokens = 5, .steered_rows = 2, .answer_tokens = 1, .attended = 30};
  EXPECT_EQ(flops(shape, counts), 2.0 * 1000 * 8 + 4.0 * 3 * 8 * 30);
}

TEST(PlannedVariantLayers, AreNoMoreThanThereAre) {
  EXPECT_EQ(planned_variant_layers(3, 2), 2U);
  EXPECT_LT(planned_variant_layers(1, 32), planned_variant_layers(2, 32));
}

TEST(ShapeOf, LeavesOutATableThatIsOnlyLookedUpIn) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  const auto& info = tiny.model().info();
  EXPECT_EQ(info.lookup_parameters, test::tiny_vocabulary * info.width);
  EXPECT_EQ(shape_of(info).parameters, info.parameters - info.lookup_parameters);
  EXPECT_EQ(shape_of(info).layers, 4U);
}

class CostOfStudy : public testing::Test {
 protected:
  CostOfStudy() : tiny(test::tiny_llama()) {
    write_file(folder / "warm.jsonl", test::preference_pairs(20));
    settings.model = tiny.path();
    settings.data = {(folder / "warm.jsonl").string()};
    settings.multipliers = {-1, 0, 1};
  }

  [[nodiscard]] std::vector<BehaviorCost> cost() const {
    return cost_of_study(settings, tiny.model(), shape_of(tiny.model().info()));
  }

  test::TemporaryFolder folder;
  test::LoadedTinyModel tiny;
  StudySettings settings;
};

TEST_F(CostOfStudy, CountsReadingAndSweepingOfEverySample) {
  const auto costs = cost();
  ASSERT_EQ(costs.size(), 1U);
  EXPECT_EQ(costs[0].behavior, "warm");
  EXPECT_EQ(costs[0].samples, 20U);
  const auto& counts = costs[0].counts;
  EXPECT_EQ(counts.prompts, 10U + 20) << "half of them are read first, to make vectors";
  EXPECT_EQ(counts.answer_tokens, 10U * 2);
  EXPECT_EQ(counts.steered_rows, 20U * 4 * 2) << "at 4 layers with 2 multipliers that are not 0";
}

TEST_F(CostOfStudy, CountsEveryMethodAndTheOneThatL2sBringsAlong) {
  settings.methods = {"caa", "l2s"};
  const auto counts = cost()[0].counts;
  EXPECT_EQ(counts.steered_rows, 20U * 3 * 4 * 2);
  EXPECT_EQ(counts.answer_tokens, 10U * 2 + 20 * 2) << "the oracle reads them in the sweep";
}

TEST_F(CostOfStudy, CountsVariantsOnTheTestPart) {
  settings.variants = {PromptVariant::base, PromptVariant::system_positive};
  settings.layers = LayerList::parse("1-2");
  EXPECT_THAT(test::message_of(ErrorKind::data, [&] { static_cast<void>(cost()); }), HasSubstr("warm"));
  write_file(folder / "warm.toml", "positive = \"You find everything warm.\"\nnegative = \"You do not.\"\n");
  const auto counts = cost()[0].counts;
  EXPECT_EQ(counts.prompts, 10U + 20 + 10);
  EXPECT_EQ(counts.steered_rows, (20U + 10) * 2 * 2);
}

TEST_F(CostOfStudy, UsesTheShapeForAModelThatIsNotThere) {
  const auto costs = cost_of_study(settings, tiny.model(), {.parameters = 10, .layers = 40, .width = 8});
  EXPECT_EQ(costs[0].counts.steered_rows, 20U * 40 * 2);
}

TEST_F(CostOfStudy, RefusesTooFewSamplesForTheFolds) {
  settings.fit.predictor.folds = 11;
  EXPECT_THAT(test::message_of(ErrorKind::predictor, [&] { static_cast<void>(cost()); }),
              HasSubstr("10 are for fitting, fewer than the 11 folds"));
}

TEST_F(CostOfStudy, CalibrationSweepsSamplesOfTheFirstBehavior) {
  settings.methods = {"caa", "l2s"};
  settings.threads = 1;
  const auto calibration = calibrate(settings, tiny.model());
  EXPECT_GT(calibration.samples, 0U);
  EXPECT_LE(calibration.samples, 20U);
  EXPECT_GT(calibration.flops_per_second, 0);
}

}  // namespace
}  // namespace w2s
