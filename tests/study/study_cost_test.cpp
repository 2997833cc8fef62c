#include "w2s/study.h"

#include <gmock/gmock.h>

#include <memory>

#include "study/study_plan.h"
#include "support/error_of.h"
#include "support/tiny_study.h"
#include "sweep/minimal_executor.h"
#include "w2s/base.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

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

TEST(CountSweep, LetsRowsOfTheMinimalExecutorSkipLayers) {
  const std::vector samples = {prompt(0, 4, 10), prompt(0, 5, 20)};
  const auto counts = count_sweep(
      samples, {.executor = ExecutorChoice::minimal, .interventions = 6, .sources = 2, .skipped_layers = 12});
  EXPECT_EQ(counts.steered_rows, 2U * 12);
  EXPECT_EQ(counts.skipped_layers, 2U * 2 * 12);
  EXPECT_EQ(counts.skipped_attended, 2U * 12 * (4 + 5));
  EXPECT_EQ(counts.decodes, 1U + 1) << "both prompts go through the layers together, and then all their rows";
}

TEST(CountSweep, ReadsNoPromptAgainThatWasKept) {
  const std::vector samples = {prompt(2, 2, 10), prompt(2, 3, 20), prompt(2, 4, 30)};
  const SweepRows rows{.executor = ExecutorChoice::minimal, .interventions = 3, .reads_answers = true};
  const auto counts = count_sweep(samples, rows, 2);
  EXPECT_EQ(counts.prompts, 1U);
  EXPECT_EQ(counts.prompt_tokens, 2U + 4);
  EXPECT_EQ(counts.answer_tokens, 2U);
  EXPECT_EQ(counts.steered_rows, 3U * 3);
  EXPECT_EQ(count_sweep(samples, rows, 3).prompt_tokens, 0U);
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

TEST(Flops, AreLessForLayersThatRowsSkip) {
  const ModelShape shape{.parameters = 1000, .layers = 4, .width = 8};
  DecodeCounts counts{.steered_rows = 2, .attended = 30};
  const auto all = flops(shape, counts);
  counts.skipped_layers = 4;  // of 2 rows with 4 layers each
  counts.skipped_attended = 60;
  EXPECT_DOUBLE_EQ(flops(shape, counts), all / 2);
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

  [[nodiscard]] StudyPlan plan(ExecutorChoice executor = ExecutorChoice::rows) const {
    return plan_study(settings, tiny.model().info().layers, executor, tiny.model());
  }
  [[nodiscard]] StudyCost whole_cost(ExecutorChoice executor) const {
    return cost_of(plan(executor), shape_of(tiny.model(), executor));
  }
  [[nodiscard]] std::vector<BehaviorCost> cost(ExecutorChoice executor = ExecutorChoice::rows) const {
    return whole_cost(executor).behaviors;
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

TEST_F(CostOfStudy, OfTheMinimalExecutorReadsPromptsOnceAsFarAsTheyCanBeKept) {
  const auto whole = whole_cost(ExecutorChoice::minimal);
  const auto& kept = whole.behaviors.front().counts;
  EXPECT_EQ(kept.prompts, 10U + 10) << "those that vectors are made from are kept for the sweep";
  EXPECT_EQ(kept.steered_rows, 20U * 4 * 2);
  EXPECT_EQ(kept.skipped_layers, 20U * 2 * (1 + 2 + 3 + 4));
  EXPECT_GT(whole.memory.kept_prompts, 0U);

  settings.prompt_cache_bytes = whole.memory.kept_prompts / 2;
  const auto half = whole_cost(ExecutorChoice::minimal);
  EXPECT_GT(half.behaviors.front().counts.prompts, 10U + 10);
  EXPECT_LT(half.behaviors.front().counts.prompts, 10U + 20);
  EXPECT_LE(half.memory.kept_prompts, settings.prompt_cache_bytes);
  settings.prompt_cache_bytes = 0;
  EXPECT_EQ(cost(ExecutorChoice::minimal)[0].counts.prompts, 10U + 20);
}

TEST_F(CostOfStudy, OfTheMinimalExecutorIsWhatItComputes) {
  // Many rows, and by fours: what is computed beside them to fill up groups of prompts' tokens weighs little.
  settings.multipliers = {-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6};
  const auto planned = plan(ExecutorChoice::minimal);
  const auto& items = planned.behaviors.front().items.at(PromptVariant::base);
  const ConstantSource source({.method = "caa",
                               .model_architecture = "llama",
                               .layers = tiny.model().info().layers,
                               .width = tiny.model().info().width},
                              std::vector<float>(tiny.model().info().layers * tiny.model().info().width, 0.1F));
  std::vector<std::unique_ptr<SweepExecutor>> executors;
  executors.push_back(std::make_unique<MinimalExecutor>(LayerwiseModel(tiny.model())));
  sweep(
      executors, {.grid = planned.grid, .encoders = planned.encoders, .sources = {&source}}, items,
      [](const SweepKey&) { return false; }, [](const SweepRecord&) {});
  const double computed = dynamic_cast<const MinimalExecutor&>(*executors.front()).flops();

  constexpr std::size_t multipliers = 12;  // that are not 0
  const SweepRows rows{.executor = ExecutorChoice::minimal,
                       .interventions = multipliers * 4,
                       .skipped_layers = multipliers * (1 + 2 + 3 + 4)};
  std::vector<TokenizedSample> samples;
  for (const auto& item : items) samples.push_back(item.tokens);
  const double counted = flops(shape_of(tiny.model(), ExecutorChoice::minimal), count_sweep(samples, rows));
  EXPECT_NEAR(counted / computed, 1, 0.1);
}

TEST_F(CostOfStudy, SaysHowMuchMemoryAndDiskAStudyNeeds) {
  const auto whole = whole_cost(ExecutorChoice::rows);
  EXPECT_EQ(whole.memory.model, tiny.model().info().bytes);
  EXPECT_GT(whole.memory.key_value_caches, 0U);
  EXPECT_EQ(whole.memory.kept_prompts, 0U) << "nothing is kept between decoders";
  EXPECT_EQ(whole.memory.total(), whole.memory.model + whole.memory.key_value_caches);
  const auto disk = whole.behaviors.front().store_bytes;
  settings.decoder.f32_cache = false;
  EXPECT_EQ(whole_cost(ExecutorChoice::rows).memory.key_value_caches * 2, whole.memory.key_value_caches);
  settings.methods = {"caa", "pca"};
  EXPECT_GT(cost()[0].store_bytes, disk);
}

TEST_F(CostOfStudy, UsesTheShapeForAModelThatIsNotThere) {
  const auto planned = plan_study(settings, 40, ExecutorChoice::rows, tiny.model());
  const auto whole = cost_of(planned, {.parameters = 10, .layers = 40, .width = 8});
  EXPECT_EQ(whole.behaviors.front().counts.steered_rows, 20U * 40 * 2);
  EXPECT_EQ(whole.memory.model, 2U * 10) << "as F16";
}

TEST_F(CostOfStudy, RefusesTooFewSamplesForTheFolds) {
  settings.fit.predictor.folds = 11;
  EXPECT_THAT(test::message_of(ErrorKind::predictor, [&] { static_cast<void>(cost()); }),
              HasSubstr("10 are for fitting, fewer than the 11 folds"));
}

TEST_F(CostOfStudy, CalibrationSweepsSamplesOfTheFirstBehavior) {
  settings.methods = {"caa", "l2s"};
  settings.threads = 1;
  const auto calibration = calibrate(plan(ExecutorChoice::minimal), tiny.model());
  EXPECT_GT(calibration.samples, 0U);
  EXPECT_LE(calibration.samples, 20U);
  EXPECT_GT(calibration.flops_per_second, 0);
}

}  // namespace
}  // namespace w2s
