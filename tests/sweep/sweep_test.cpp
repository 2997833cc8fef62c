#include "w2s/sweep.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "support/tiny_study.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using test::LoadedTinyModel;
using testing::HasSubstr;

class Sweep : public testing::Test {
 protected:
  Sweep() {
    const auto samples = test::tokenized(tiny.model(), test::questions(6));
    for (std::size_t i = 0; i < samples.size(); ++i)
      items.push_back({.key = {i}, .id = static_cast<std::int64_t>(i), .part = SplitPart::train, .tokens = samples[i]});
  }

  [[nodiscard]] std::vector<std::unique_ptr<SweepExecutor>> executors(std::size_t count) {
    decoders = make_decoders(tiny.model(), {.context = 512, .threads = 1}, count);
    return make_executors(decoders, ExecutorChoice::rows);
  }

  [[nodiscard]] SweepStoreHeader header() const {
    return {.behavior = "warm",
            .samples = items.size(),
            .model_layers = request.grid.layers.size(),
            .width = tiny.model().info().width,
            .methods = {"test"},
            .grid = request.grid,
            .encoders = request.encoders,
            .settings = {}};
  }

  LoadedTinyModel tiny{test::tiny_llama()};
  ConstantSource vectors = test::some_vectors(tiny.model().info());
  SweepRequest request{.grid = full_grid(4), .encoders = {{0, Pooling::mean}}, .sources = {&vectors}};
  std::vector<SweepItem> items;
  std::vector<Decoder> decoders;
};

std::map<std::size_t, std::vector<float>> propensities(const std::vector<SweepRecord>& records) {
  std::map<std::size_t, std::vector<float>> by_sample;
  for (const auto& record : records) by_sample[record.key.sample] = record.propensity.at(0).values;
  return by_sample;
}

TEST_F(Sweep, GivesTheSameNumbersInterruptedAndResumed) {
  const test::TemporaryFolder folder;
  auto whole = SweepStore::open(folder / "whole.sqlite", header());
  sweep(executors(1), request, items, whole);

  std::stop_source stop;
  Job job;
  job.stop = stop.get_token();
  {
    auto store = SweepStore::open(folder / "resumed.sqlite", header());
    const auto keep_two = [&](const SweepRecord& record) {
      store.add(record);
      if (store.records().size() == 2) stop.request_stop();
    };
    EXPECT_THROW(
        sweep(
            executors(1), request, items, [&](const SweepKey& key) { return store.contains(key); }, keep_two, job),
        Error);
  }
  auto resumed = SweepStore::open(folder / "resumed.sqlite", header());
  const std::size_t kept = resumed.records().size();
  EXPECT_EQ(kept, 2U);
  std::vector<std::size_t> done;
  Job second;
  second.on_progress = [&](const Progress& progress) {
    EXPECT_EQ(progress.resumed, kept);
    done.push_back(progress.done);
  };
  sweep(executors(1), request, items, resumed, second);
  EXPECT_EQ(done.front(), kept);
  EXPECT_EQ(done.back(), items.size());
  EXPECT_EQ(propensities(resumed.records()), propensities(whole.records()));
}

TEST_F(Sweep, DoesNotDependOnTheOrderOfSamplesOrTheNumberOfExecutors) {
  const auto run = [&](std::size_t count) {
    std::vector<SweepRecord> records;
    sweep(
        executors(count), request, items, [](const SweepKey&) { return false; },
        [&](SweepRecord record) { records.push_back(std::move(record)); });
    return propensities(records);
  };
  const auto expected = run(1);
  std::reverse(items.begin(), items.end());
  EXPECT_EQ(run(1), expected);
  EXPECT_EQ(run(3), expected);
}

TEST_F(Sweep, StopsWhereTheSinkFails) {
  std::size_t taken = 0;
  const auto sink = [&](const SweepRecord&) {
    if (++taken == 3) throw Error(ErrorKind::io, "the disk is full");
  };
  EXPECT_THROW(sweep(executors(1), request, items, [](const SweepKey&) { return false; }, sink), Error);
  EXPECT_EQ(taken, 3U);
}

TEST_F(Sweep, AtChosenLayersMeasuresWhatTheWholeGridMeasures) {
  const test::TemporaryFolder folder;
  auto whole = SweepStore::open(folder / "whole.sqlite", header());
  sweep(executors(1), request, items, whole);
  auto chosen = request;
  chosen.choose_layers = [](const SweepKey& key, std::span<const std::vector<float>> encodings) {
    EXPECT_EQ(encodings.size(), 1U);
    return key.sample % 2 == 0 ? std::vector<std::size_t>{1} : std::vector<std::size_t>{0, 3};
  };
  auto store = SweepStore::open(folder / "chosen.sqlite", header());
  sweep(executors(2), chosen, items, store);

  const auto expected = whole.records();
  const auto records = store.records();
  ASSERT_EQ(records.size(), items.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].layers, (i % 2 == 0 ? std::vector<std::size_t>{1} : std::vector<std::size_t>{0, 3}));
    for (std::size_t l = 0; l < records[i].layers.size(); ++l) {
      EXPECT_THAT(records[i].propensity[0].layer(l),
                  testing::Pointwise(testing::FloatNear(1e-4F), expected[i].propensity[0].layer(records[i].layers[l])));
    }
  }
}

TEST_F(Sweep, AddsLayersToSamplesThatLackThem) {
  const test::TemporaryFolder folder;
  auto store = SweepStore::open(folder / "sweep.sqlite", header());
  auto chosen = request;
  const auto sweep_at = [&](const std::vector<std::size_t>& layers) {
    chosen.choose_layers = [&](const SweepKey&, std::span<const std::vector<float>>) { return layers; };
    std::size_t measured = 0;
    Job job;
    job.on_progress = [&](const Progress& progress) { measured = progress.done - progress.resumed; };
    sweep(executors(1), chosen, items, store, job);
    return measured;
  };
  EXPECT_EQ(sweep_at({2}), items.size());
  EXPECT_EQ(sweep_at({0, 3}), items.size());
  EXPECT_EQ(sweep_at({0, 2}), 0U) << "they have both by now";
  for (const auto& record : store.records()) EXPECT_EQ(record.layers, (std::vector<std::size_t>{0, 2, 3}));
}

TEST_F(Sweep, MeasuresItsNoiseFloor) {
  decoders = make_decoders(tiny.model(), {.context = 512, .threads = 1}, 1);
  const auto noise = measure_noise_floor(ExecutorChoice::rows, decoders[0], request, items, 3);
  EXPECT_EQ(noise.samples, 3U);
  EXPECT_LT(noise.propensity, 1e-4);
  EXPECT_LE(noise.steerability, noise.propensity);
  EXPECT_EQ(noise.best_layer_changes, 0U);
}

TEST_F(Sweep, RefusesAPromptThatDoesNotFit) {
  auto model = tiny.model().info();
  const auto refusal = [&](std::size_t context) -> std::string {
    try {
      check_context(model, context, request.grid, 2, items, 256);
    } catch (const Error& error) {
      return error.what();
    }
    return "fits";
  };
  const auto needed = required_context(request.grid, 2, items, 256);
  const auto longer = [](const SweepItem& a, const SweepItem& b) {
    return a.tokens.prompt.size() < b.tokens.prompt.size();
  };
  const auto longest = std::ranges::max_element(items, longer)->tokens.prompt.size();
  EXPECT_EQ(needed, longest + 51) << "24 rows a source, the unsteered one and two answers";
  EXPECT_EQ(refusal(0), "fits");
  EXPECT_EQ(refusal(needed), "fits");
  EXPECT_THAT(refusal(needed - 1), HasSubstr("need a context of"));
  model.training_context = longest;
  EXPECT_THAT(refusal(0), HasSubstr("the model was trained for"));
}

}  // namespace
}  // namespace w2s
