#include "sweep/rows_executor.h"

#include <gmock/gmock.h>

#include "support/error_of.h"
#include "sweep/executor_ingredients.h"
#include "sweep/naive_executor.h"

namespace w2s {
namespace {

using test::expect_same;
using test::Ingredients;
using test::InputDependentSource;
using test::propensity_tolerance;
using testing::FloatNear;

// The whole grid by the naive loop takes long on deep models: a few layers from the first to the last.
SweepGrid thinned(SweepGrid grid) {
  const std::size_t last = grid.layers.back();
  grid.layers = {0, 1, last / 2, last - 1, last};
  return grid;
}

TEST(RowsExecutor, AgreesWithTheNaiveLoop) {
  const Ingredients it(test::tiny_llama());
  Decoder decoder(it.tiny.model(), {.context = 512, .threads = 1});
  RowsExecutor shared(decoder);
  Decoder other(it.tiny.model(), {.context = 512, .threads = 1});
  NaiveExecutor naive(other);
  for (const std::size_t sample : {0U, 1U}) {
    const auto plan = it.plan(sample, it.grid());
    expect_same(shared.run(plan), naive.run(plan));
  }
}

TEST(RowsExecutor, AgreesWithTheNaiveLoopOnTheDepthsOfThePapersModels) {
  for (const auto& shape : {test::llama_like_32_layers(), test::qwen2_like_40_layers()}) {
    const Ingredients it(shape);
    Decoder decoder(it.tiny.model(), {.context = 512, .threads = 1});
    RowsExecutor shared(decoder);
    NaiveExecutor naive(decoder);
    const auto plan = it.plan(1, thinned(it.grid()));
    const auto steered = shared.run(plan);
    expect_same(steered, naive.run(plan));
  }
}

TEST(RowsExecutor, TakesMoreRowsThanItHasSequencesInTurns) {
  const Ingredients it(test::qwen2_like_40_layers());
  auto grid = it.grid();
  grid.multipliers = {-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2};
  const auto plan = it.plan(0, grid);
  ASSERT_GT(plan.interventions.size(), 256U);
  Decoder wide(it.tiny.model(), {.context = 512, .sequences = 256, .threads = 1});
  Decoder narrow(it.tiny.model(), {.context = 512, .sequences = 17, .rows_per_batch = 40, .threads = 1});
  const auto expected = RowsExecutor(wide).run(plan);
  EXPECT_EQ(expected.steered.size(), plan.interventions.size());
  expect_same(RowsExecutor(narrow).run(plan), expected);

  // Against rows that never share a batch: one intervention at a time.
  RowsExecutor executor(wide);
  for (std::size_t i = 0; i < plan.interventions.size(); i += 53) {
    auto single = plan;
    single.interventions = {plan.interventions[i]};
    EXPECT_NEAR(executor.run(single).steered.at(0), expected.steered[i], propensity_tolerance) << i;
  }
}

TEST(RowsExecutor, SharesThePromptAmongSourcesThatDependOnTheInputAndThoseThatDoNot) {
  const Ingredients it(test::tiny_llama());
  const test::SourcesOfEveryKind sources(it);
  const auto plan = it.plan(1, it.grid(), sources.all());
  Decoder other(it.tiny.model(), {.context = 512, .threads = 1});
  const auto expected = NaiveExecutor(other).run(plan);
  EXPECT_THAT(test::steered_by(2, 4, expected), testing::Each(FloatNear(expected.unsteered, propensity_tolerance)));
  EXPECT_NE(test::steered_by(0, 4, expected), test::steered_by(1, 4, expected));
  for (const std::size_t sequences : {256U, 7U, 2U}) {
    Decoder decoder(it.tiny.model(), {.context = 512, .sequences = sequences, .rows_per_batch = 64, .threads = 1});
    RowsExecutor shared(decoder);
    expect_same(shared.run(plan), expected);
    expect_same(shared.run(plan), expected);  // the prefix is still as it was
  }
}

TEST(RowsExecutor, SteersWhereItIsToldOnceThePromptIsEncoded) {
  const Ingredients it(test::tiny_llama());
  const InputDependentSource dependent(it.vectors.info(), false);
  Decoder decoder(it.tiny.model(), {.context = 512, .threads = 1});
  RowsExecutor shared(decoder);
  NaiveExecutor naive(decoder);
  const auto whole = it.plan(1, it.grid(), {&dependent, &it.vectors});
  const auto everywhere = shared.run(whole);

  const auto chosen_of = [](std::size_t source) {
    return Intervention{.source = source, .layers = {{.layer = 2}}, .multiplier = 1.5F};
  };
  auto chosen = whole;
  chosen.interventions.clear();
  std::vector<std::vector<float>> seen;
  chosen.choose = test::choice_of({chosen_of(0), chosen_of(1)}, seen);
  const auto at_one_layer = shared.run(chosen);
  const auto& all = whole.interventions;
  ASSERT_EQ(at_one_layer.steered.size(), 2U);
  for (std::size_t source = 0; source < 2; ++source) {
    const auto index = static_cast<std::size_t>(std::ranges::find(all, chosen_of(source)) - all.begin());
    EXPECT_NEAR(at_one_layer.steered[source], everywhere.steered.at(index), propensity_tolerance);
  }
  EXPECT_EQ(seen, at_one_layer.encodings);
  expect_same(at_one_layer, naive.run(chosen));
}

TEST(RowsExecutor, SteersSeveralLayersAsTheNaiveLoopDoes) {
  const Ingredients it(test::tiny_llama());
  const InputDependentSource dependent(it.vectors.info(), false);
  const InputDependentSource quiet(it.vectors.info(), true);
  auto plan = it.plan(1, it.grid(), {&dependent, &it.vectors, &quiet});
  plan.interventions = test::at_several_layers(3);
  std::vector<std::vector<float>> by_operator;
  for (const auto operation : {SteeringOperator::add, SteeringOperator::add_keep_norm, SteeringOperator::ablate_add}) {
    plan.operation = operation;
    auto decoder = it.decoder();
    const auto outcome = RowsExecutor(decoder).run(plan);
    expect_same(outcome, NaiveExecutor(decoder).run(plan));
    EXPECT_THAT(test::steered_by(2, 3, outcome), testing::Each(outcome.unsteered));
    by_operator.push_back(outcome.steered);
  }
  EXPECT_NE(by_operator[0], by_operator[1]);
  EXPECT_NE(by_operator[0], by_operator[2]);
}

TEST(RowsExecutor, GivesTheSameWhateverRowsAreChosenOnceThePromptIsRead) {
  const Ingredients it(test::tiny_llama());
  auto decoder = it.decoder();
  RowsExecutor executor(decoder);
  auto plan = it.plan(0, it.grid());
  const auto rows = test::at_several_layers(1);
  plan.interventions.clear();
  plan.choose = always(rows);
  const auto many = executor.run(plan);
  plan.choose = always({rows[4]});
  const auto one = executor.run(plan);
  EXPECT_EQ(one.unsteered, many.unsteered);
  EXPECT_NEAR(one.steered.at(0), many.steered.at(4), propensity_tolerance);
}

TEST(RowsExecutor, AppliesEveryOperatorAsTheNaiveLoopDoes) {
  const Ingredients it(test::tiny_llama());
  Decoder decoder(it.tiny.model(), {.context = 512, .threads = 1});
  std::vector<std::vector<float>> by_operator;
  for (const auto operation : {SteeringOperator::add, SteeringOperator::add_keep_norm, SteeringOperator::ablate_add}) {
    auto grid = it.grid();
    grid.operation = operation;
    const auto plan = it.plan(0, grid);
    const auto naive = NaiveExecutor(decoder).run(plan);
    const auto shared = RowsExecutor(decoder).run(plan);
    expect_same(shared, naive);
    by_operator.push_back(propensity_map(grid, shared.unsteered, shared.steered).values);
  }
  EXPECT_NE(by_operator[0], by_operator[1]);
  EXPECT_NE(by_operator[0], by_operator[2]);
}

TEST(RowsExecutor, GivesBitForBitTheSameWhateverItRanBefore) {
  const Ingredients it(test::tiny_llama(), 4);
  const auto plan = it.plan(2, it.grid());
  Decoder decoder(it.tiny.model(), {.context = 512, .threads = 1});
  RowsExecutor executor(decoder);
  const auto first = executor.run(plan);
  static_cast<void>(executor.run(it.plan(0, it.grid())));
  static_cast<void>(executor.run(it.plan(3, thinned(it.grid()))));
  const auto again = executor.run(plan);
  EXPECT_EQ(again.unsteered, first.unsteered);
  EXPECT_EQ(again.steered, first.steered);
  EXPECT_EQ(again.encodings, first.encodings);
}

TEST(RowsExecutor, IsUsableAfterARunThatFailedHalfWay) {
  const Ingredients it(test::tiny_llama(), 4);
  const auto plan = it.plan(2, it.grid());
  Decoder decoder(it.tiny.model(), {.context = 256, .sequences = 8, .rows_per_batch = 64, .threads = 1});
  RowsExecutor executor(decoder);
  const auto expected = executor.run(plan);
  auto too_long = *plan.sample;
  too_long.prompt.insert(too_long.prompt.end(), 300, 'a');
  auto failing = plan;
  failing.sample = &too_long;
  EXPECT_EQ(test::error_of([&] { static_cast<void>(executor.run(failing)); }).kind(), ErrorKind::engine);
  EXPECT_EQ(executor.run(plan).steered, expected.steered);
}

TEST(RowsExecutor, WorksWithoutAnythingShared) {
  const Ingredients it(test::tiny_llama());
  Decoder decoder(it.tiny.model(), {.context = 512, .threads = 1});
  RowsExecutor executor(decoder);
  const auto shared = it.plan(0, it.grid());
  auto unshared = shared;
  unshared.shared_prefix = 0;
  expect_same(executor.run(unshared), executor.run(shared));
}

TEST(RowsExecutor, LimitedInRowsComputesTheSameInOtherBatches) {
  const Ingredients it(test::tiny_llama());
  Decoder decoder(it.tiny.model(), {.context = 512, .threads = 1});
  RowsExecutor executor(decoder);
  const auto plan = it.plan(0, it.grid());
  const auto expected = executor.run(plan);
  executor.limit_rows(5);
  expect_same(executor.run(plan), expected);
}

}  // namespace
}  // namespace w2s
