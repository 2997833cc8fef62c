// What sharing saves: the sweep against the loop everyone writes first, and CAA vectors against one decode a sequence,
// each pair in one run on the same engine, model, threads and machine. Prompts are of the length of MWE's.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "support/shared_data.h"
#include "support/tiny_study.h"
#include "w2s/constant_source.h"
#include "w2s/representations.h"
#include "w2s/sweep_executor.h"

namespace w2s {
namespace {

constexpr int threads = 1;  // waiting for each other would be measured with more

double seconds_for(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

struct Setting {
  explicit Setting(const std::filesystem::path& file)
      : model(Model::load(file)),
        decoder(model, {.context = 1024, .threads = threads}),
        samples(test::tokenized(model, test::questions(8))),
        vectors(test::some_vectors(model.info())),
        grid(full_grid(model.info().layers)) {}

  [[nodiscard]] SweepPlan plan(std::size_t sample) const {
    return {.sample = &samples[sample],
            .shared_prefix = common_prefix_length(samples),
            .interventions = interventions(grid),
            .sources = {&vectors}};
  }

  Model model;
  Decoder decoder;
  std::vector<TokenizedSample> samples;
  ConstantSource vectors;
  SweepGrid grid;
};

std::unique_ptr<Setting> setting_or_skip(benchmark::State& state) {
  const auto file = test::default_model();
  if (!file) {
    state.SkipWithError("no default model: run `make model`");
    return nullptr;
  }
  return std::make_unique<Setting>(*file);
}

void sweep_against_the_naive_loop(benchmark::State& state) {
  const auto setting = setting_or_skip(state);
  if (!setting) return;
  SharedPrefixExecutor shared(setting->decoder);
  NaiveExecutor naive(setting->decoder);
  for ([[maybe_unused]] auto turn : state) {
    double shared_seconds = 0;
    static_cast<void>(shared.run(setting->plan(0)));  // decodes the common prefix, once for all samples
    for (std::size_t i = 1; i < setting->samples.size(); ++i)
      shared_seconds += seconds_for([&] { static_cast<void>(shared.run(setting->plan(i))); });
    shared_seconds /= static_cast<double>(setting->samples.size() - 1);
    const double naive_seconds = seconds_for([&] { static_cast<void>(naive.run(setting->plan(1))); });
    state.SetIterationTime(shared_seconds);
    state.counters["naive_s"] = naive_seconds;
    state.counters["ratio"] = naive_seconds / shared_seconds;
  }
  state.counters["prompt_tokens"] = static_cast<double>(setting->samples[1].prompt.size());
  state.counters["rows"] = static_cast<double>(setting->plan(0).interventions.size() + 1);
}
BENCHMARK(sweep_against_the_naive_loop)->UseManualTime()->Unit(benchmark::kSecond)->Iterations(1);

// One decode of prompt and answer, read at the answer.
void decode_answer(Decoder& decoder, const TokenizedSample& sample, Token answer) {
  decoder.clear();
  Batch batch;
  for (const Token token : sample.prompt)
    batch.rows.push_back({.token = token, .position = static_cast<std::int32_t>(batch.rows.size())});
  batch.rows.push_back({.token = answer, .position = static_cast<std::int32_t>(batch.rows.size())});
  for (std::size_t layer = 0; layer < decoder.model().info().layers; ++layer)
    batch.captures.push_back({batch.rows.size() - 1, layer});
  static_cast<void>(decoder.decode(batch));
}

void caa_against_one_decode_a_sequence(benchmark::State& state) {
  const auto setting = setting_or_skip(state);
  if (!setting) return;
  for ([[maybe_unused]] auto turn : state) {
    const double separate = seconds_for([&] {
      for (const auto& sample : setting->samples) {
        decode_answer(setting->decoder, sample, sample.chosen);
        decode_answer(setting->decoder, sample, sample.rejected);
      }
    });
    const double shared = seconds_for([&] {
      const auto set = read_representations(std::span(&setting->decoder, 1), setting->samples, {});
      static_cast<void>(mean_difference(set));
    });
    const auto samples = static_cast<double>(setting->samples.size());
    state.SetIterationTime(shared / samples);
    state.counters["separate_s"] = separate / samples;
    state.counters["ratio"] = separate / shared;
  }
}
BENCHMARK(caa_against_one_decode_a_sequence)->UseManualTime()->Unit(benchmark::kSecond)->Iterations(3);

}  // namespace
}  // namespace w2s
