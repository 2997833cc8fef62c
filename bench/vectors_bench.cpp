#include <fmt/format.h>

#include <array>

#include "measure.h"
#include "parts.h"
#include "support/tiny_study.h"
#include "sweep/minimal_executor.h"
#include "sweep_setup.h"
#include "w2s/vectors.h"

namespace w2s::bench {
namespace {

constexpr std::size_t turns = 3;
constexpr std::size_t samples = 8;

// Vectors of all samples and a sweep of all of them, as a study does it.
void read_and_sweep(const SweepSetup& setup, std::span<const SweepItem> items, std::span<const TokenizedSample> prompts,
                    std::size_t cache_bytes) {
  PromptStateCache cache(cache_bytes);
  static_cast<void>(read_representations(make_layerwise_readers(setup.model, 1, &cache), prompts));
  std::vector<std::unique_ptr<SweepExecutor>> executors;
  executors.push_back(std::make_unique<MinimalExecutor>(LayerwiseModel(setup.model), &cache));
  sweep(executors, setup.request(), items, [](const SweepKey&) { return false; }, [](const SweepRecord&) {});
}

void measure_one_pass(const SweepSetup& setup, std::span<const SweepItem> items,
                      std::span<const TokenizedSample> prompts, Table& table) {
  constexpr std::size_t plenty = std::size_t{1} << 30U;
  const std::array<Work, 2> works = {[&] { read_and_sweep(setup, items, prompts, plenty); },
                                     [&] { read_and_sweep(setup, items, prompts, 0); }};
  const Turns taken(turns, works);
  const auto a_sample = [&](std::size_t work) { return text_of_seconds(taken.seconds(work) / samples); };
  table.add({.what = "vectors: and the sweep, one pass over each prompt, a sample",
             .threads = "1",
             .measured = a_sample(0),
             .beside = a_sample(1) + " where the sweep reads the prompts again",
             .ratio = text_of_ratio(taken.median_of([](auto seconds) { return seconds[1] / seconds[0]; }))});
}

}  // namespace

void measure_vectors(const BenchSettings& settings, Table& table) {
  const SweepSetup setup(settings);
  Decoder decoder(setup.model, {.context = 1024, .threads = 1});
  const auto items = sweep_items(setup.model, samples);
  std::vector<TokenizedSample> prompts;
  for (const auto& item : items) prompts.push_back(item.tokens);
  const auto readers = make_layerwise_readers(setup.model, 1);
  const auto through_llama = make_prompt_readers({&decoder, 1});
  const std::array<Work, 3> works = {
      [&] { static_cast<void>(mean_difference(read_representations(readers, prompts))); },
      [&] { static_cast<void>(mean_difference(read_representations(through_llama, prompts))); },
      [&] {
        for (const auto& prompt : prompts) {
          static_cast<void>(test::residuals_at_answer(decoder, prompt, prompt.chosen));
          static_cast<void>(test::residuals_at_answer(decoder, prompt, prompt.rejected));
        }
      }};
  const Turns taken(turns, works);
  const auto a_sample = [&](std::size_t work) { return text_of_seconds(taken.seconds(work) / samples); };
  const auto add = [&](std::size_t other, std::string_view name) {
    table.add({.what = "vectors: CAA, a sample",
               .threads = "1",
               .measured = a_sample(0),
               .beside = fmt::format("{} {}", a_sample(other), name),
               .ratio = text_of_ratio(taken.median_of([=](auto seconds) { return seconds[other] / seconds[0]; }))});
  };
  add(2, "with a decode for each answer");
  add(1, "through llama.cpp, one decode for both answers");
  measure_one_pass(setup, items, prompts, table);
}

}  // namespace w2s::bench
