#include <gmock/gmock.h>

#include <algorithm>
#include <ostream>
#include <string>

#include "support/error_of.h"
#include "sweep/executor_ingredients.h"
#include "sweep/naive_executor.h"
#include "sweep/rows_executor.h"
#include "w2s/vectors.h"

namespace w2s {
namespace {

using test::expect_same;
using test::Ingredients;
using test::InputDependentSource;
using test::TinyModelShape;

void expect_identical(const SweepOutcome& a, const SweepOutcome& b) {
  EXPECT_EQ(a.unsteered, b.unsteered);
  EXPECT_EQ(a.steered, b.steered);
  EXPECT_EQ(a.encodings, b.encodings);
}

struct NamedShape {
  std::string name;
  TinyModelShape shape;
};

std::ostream& operator<<(std::ostream& stream, const NamedShape& shape) { return stream << shape.name; }

class EveryKnownModel : public testing::TestWithParam<NamedShape> {};

TEST_P(EveryKnownModel, GivesTheNumbersOfRows) {
  const Ingredients it(GetParam().shape);
  auto decoder = it.decoder();
  RowsExecutor rows(decoder);
  auto minimal = it.minimal();
  for (const auto& plan : it.plans()) expect_same(minimal.run(plan), rows.run(plan));
}

INSTANTIATE_TEST_SUITE_P(MinimalExecutor, EveryKnownModel,
                         testing::Values(NamedShape{"Llama", test::tiny_llama()},
                                         NamedShape{"LlamaOf32Layers", test::llama_like_32_layers()},
                                         NamedShape{"Qwen2Of40Layers", test::qwen2_like_40_layers()},
                                         NamedShape{"Qwen3", {.architecture = "qwen3", .seed = 11, .head_width = 16}},
                                         NamedShape{"LlamaWithoutGroupedQueries", {.kv_heads = 4, .seed = 12}},
                                         NamedShape{"LlamaWithBiases", {.seed = 13, .has_biases = true}},
                                         NamedShape{"LlamaWithTiedEmbeddings", {.seed = 14, .is_tied = true}},
                                         NamedShape{"LlamaWithRopeFactors", {.seed = 15, .has_rope_factors = true}},
                                         NamedShape{"LlamaWithScaledPositions", {.seed = 16, .rope_scaling = 4}},
                                         NamedShape{"LlamaOfUnevenWidths",
                                                    {.width = 36, .heads = 6, .kv_heads = 3, .feed_forward = 50}}),
                         [](const auto& test_case) { return test_case.param.name; });

TEST(MinimalExecutor, AgreesWithTheNaiveLoop) {
  const Ingredients it(test::tiny_llama());
  auto decoder = it.decoder();
  NaiveExecutor naive(decoder);
  auto minimal = it.minimal();
  for (const auto& plan : it.plans()) expect_same(minimal.run(plan), naive.run(plan));
}

TEST(MinimalExecutor, AppliesEveryOperatorAsTheRowsDo) {
  const Ingredients it(test::tiny_llama());
  auto decoder = it.decoder();
  RowsExecutor rows(decoder);
  auto minimal = it.minimal();
  for (const auto operation : {SteeringOperator::add, SteeringOperator::add_keep_norm, SteeringOperator::ablate_add}) {
    auto grid = it.grid();
    grid.operation = operation;
    const auto plan = it.plan(0, grid);
    expect_same(minimal.run(plan), rows.run(plan));
  }
}

TEST(MinimalExecutor, SharesThePromptAmongSourcesThatDependOnTheInputAndThoseThatDoNot) {
  const Ingredients it(test::tiny_llama());
  const test::SourcesOfEveryKind sources(it);
  const auto plan = it.plan(1, it.grid(), sources.all());
  auto decoder = it.decoder();
  RowsExecutor rows(decoder);
  auto minimal = it.minimal();
  const auto outcome = minimal.run(plan);
  expect_same(outcome, rows.run(plan));
  EXPECT_THAT(test::steered_by(2, 4, outcome), testing::Each(outcome.unsteered));
}

TEST(MinimalExecutor, SteersSeveralLayersAsTheRowsDo) {
  const Ingredients it(test::tiny_llama());
  const InputDependentSource dependent(it.vectors.info(), false);
  const InputDependentSource quiet(it.vectors.info(), true);
  auto decoder = it.decoder();
  RowsExecutor rows(decoder);
  auto minimal = it.minimal();
  for (const auto operation : {SteeringOperator::add, SteeringOperator::add_keep_norm, SteeringOperator::ablate_add}) {
    auto plan = it.plan(1, it.grid(), {&dependent, &it.vectors, &quiet});
    plan.operation = operation;
    plan.interventions = test::at_several_layers(3);
    const auto outcome = minimal.run(plan);
    expect_same(outcome, rows.run(plan));
    EXPECT_THAT(test::steered_by(2, 3, outcome), testing::Each(outcome.unsteered));
  }
}

TEST(MinimalExecutor, SteersAtOneOfSeveralLayersWhereTheOthersHaveNoShare) {
  const Ingredients it(test::tiny_llama());
  auto minimal = it.minimal();
  auto plan = it.plan(0);
  plan.interventions = {{.layers = {{.layer = 2}}, .multiplier = 1}};
  const auto alone = minimal.run(plan);
  plan.interventions = {
      {.layers = {{.layer = 3, .share = 0}, {.layer = 0, .share = 0}, {.layer = 2}}, .multiplier = 1}};
  EXPECT_THAT(minimal.run(plan).steered,
              testing::Pointwise(testing::FloatNear(test::propensity_tolerance), alone.steered));
}

TEST(MinimalExecutor, SteersWhereItIsToldOnceThePromptIsEncoded) {
  const Ingredients it(test::tiny_llama());
  auto minimal = it.minimal();
  const auto everywhere = minimal.run(it.plan(1));
  auto plan = it.plan(1);
  plan.interventions.clear();
  std::vector<std::vector<float>> seen;
  plan.choose = test::choice_of({{.layers = {{.layer = 2}}, .multiplier = 1.5F}}, seen);
  const auto outcome = minimal.run(plan);
  const auto all = interventions(it.grid());
  const auto index = static_cast<std::size_t>(
      std::ranges::find(all, Intervention{.layers = {{.layer = 2}}, .multiplier = 1.5F}) - all.begin());
  EXPECT_EQ(outcome.steered, std::vector{everywhere.steered.at(index)});
  EXPECT_EQ(seen, everywhere.encodings);
}

TEST(MinimalExecutor, GivesBitForBitTheSameAloneAndWithOthersBeforeAndBeside) {
  const Ingredients it(test::llama_like_32_layers(), 7);
  auto minimal = it.minimal();
  std::vector<SweepOutcome> alone;
  for (const auto& plan : it.plans()) alone.push_back(it.minimal().run(plan));
  const auto together = minimal.run_together(it.plans());
  ASSERT_EQ(together.size(), alone.size());
  for (std::size_t i = 0; i < alone.size(); ++i) expect_identical(together[i], alone[i]);
  expect_identical(minimal.run(it.plan(3)), alone[3]);
}

TEST(MinimalExecutor, GoesOnFromPromptsThatWereReadForTheVectors) {
  const Ingredients it(test::tiny_llama(), 6);
  auto plans = it.plans();
  const auto expected = it.minimal().run_together(plans);
  PromptStateCache cache(std::size_t{1} << 30U);
  static_cast<void>(read_representations(
      make_layerwise_readers(it.tiny.model(), 1, &cache), it.samples,
      {.shared_prefix = plans[0].shared_prefix, .mean_layers = needs_of(plans[0].encoders).means}));
  MinimalExecutor alone{LayerwiseModel(it.tiny.model())};
  MinimalExecutor going_on(LayerwiseModel(it.tiny.model()), &cache);
  static_cast<void>(alone.run_together(plans));
  const auto found = going_on.run_together(plans);
  for (std::size_t i = 0; i < plans.size(); ++i) expect_identical(found[i], expected[i]);
  for (auto& plan : plans) plan.interventions.clear();  // what is left is reading the prompts
  MinimalExecutor reading{LayerwiseModel(it.tiny.model())};
  static_cast<void>(reading.run_together(plans));
  EXPECT_NEAR(going_on.flops(), alone.flops() - reading.flops(), 1e-6 * alone.flops());
}

TEST(MinimalExecutor, TakesMoreRowsThanABatchHolds) {
  const Ingredients it(test::qwen2_like_40_layers());
  auto plans = it.plans();
  const std::vector<const VectorSource*> sources(5, &it.vectors);  // 1200 rows a plan
  const auto expected = it.minimal().run_together(plans);
  for (std::size_t i = 0; i < plans.size(); ++i) plans[i] = it.plan(i, it.grid(), sources);
  const auto many = it.minimal().run_together(plans);
  for (std::size_t i = 0; i < plans.size(); ++i)
    for (std::size_t source = 0; source < sources.size(); ++source)
      EXPECT_EQ(test::steered_by(source, sources.size(), many[i]), expected[i].steered);
}

TEST(MinimalExecutor, RunsPlansThatBeginDifferentlyOneByOne) {
  const Ingredients it(test::tiny_llama());
  auto plans = it.plans();
  plans[1].shared_prefix = 0;
  const auto outcomes = it.minimal().run_together(plans);
  expect_identical(outcomes[0], it.minimal().run(plans[0]));
  expect_identical(outcomes[1], it.minimal().run(plans[1]));
  expect_same(outcomes[1], it.minimal().run(it.plan(1)));
}

TEST(MinimalExecutor, TakesAPromptOfASingleToken) {
  const Ingredients it(test::tiny_llama());
  auto sample = it.samples[0];
  sample.prompt.resize(1);
  auto plan = it.plan(0);
  plan.sample = &sample;
  plan.shared_prefix = 0;
  auto decoder = it.decoder();
  expect_same(it.minimal().run(plan), RowsExecutor(decoder).run(plan));
}

TEST(MinimalExecutor, RefusesTokensThatAreNotInTheVocabularyAndStaysUsable) {
  const Ingredients it(test::tiny_llama());
  auto minimal = it.minimal();
  const auto expected = minimal.run(it.plan(0));
  auto sample = it.samples[0];
  sample.prompt.back() = 100000;
  auto plan = it.plan(0);
  plan.sample = &sample;
  EXPECT_EQ(test::error_of([&] { static_cast<void>(minimal.run(plan)); }).kind(), ErrorKind::usage);
  expect_identical(minimal.run(it.plan(0)), expected);
}

// Deep enough that rows which repeat what is below their layer would show.
TEST(MinimalExecutor, DoesHardlyMoreArithmeticThanThereMustBe) {
  const Ingredients it(test::llama_like_32_layers(), 8);
  auto minimal = it.minimal();
  const auto plans = it.plans();
  static_cast<void>(minimal.run_together(std::span(plans).first(4)));
  static_cast<void>(minimal.run_together(std::span(plans).subspan(4)));
  const double least = minimal_flops(LayerwiseModel(it.tiny.model()), plans);
  EXPECT_GE(minimal.flops(), least);
  EXPECT_LE(minimal.flops(), 1.15 * least);
}

// Two layers, a prompt of three tokens that begins with a shared one, and a row that is steered after the first layer.
TEST(MinimalFlops, CountsTokensAndRowsOnceThroughEachLayerTheyDifferIn) {
  const auto a_row = layer_flops({.width = 2, .query_width = 2, .kv_width = 2, .feed_forward = 1});
  EXPECT_EQ(a_row.weights, 2 * (16 + 6));
  EXPECT_EQ(a_row.keys_and_values, 2 * 8);
  EXPECT_EQ(a_row.attention_a_token, 8);

  const TokenizedSample sample{.prompt = {1, 2, 3}};
  const ConstantSource vectors({.layers = 2, .width = 2}, {1, 1, 1, 1});
  const SweepPlan plan{.sample = &sample,
                       .shared_prefix = 1,
                       .interventions = {{.layers = {{.layer = 0}}, .multiplier = 1}},
                       .sources = {&vectors}};
  const double first_layer = 3 * 44 + (1 + 2 + 3) * 8;
  const double second_layer = 2 * 16 + (44 + 3 * 8);
  const double row = 44 + 3 * 8;
  EXPECT_EQ(minimal_flops(a_row, 2, {&plan, 1}), first_layer + second_layer + row);
}

}  // namespace
}  // namespace w2s
