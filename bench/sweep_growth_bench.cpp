#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "measure.h"
#include "parts.h"
#include "sweep_setup.h"
#include "w2s/vectors.h"

namespace w2s::bench {
namespace {

constexpr std::size_t turns = 3;

SweepGrid every_nth_layer(std::size_t layers, std::size_t n) {
  auto grid = full_grid(layers);
  std::erase_if(grid.layers, [n](std::size_t layer) { return layer % n != n / 2; });
  return grid;
}

// Between -1.5 and 1.5; never 0, which costs nothing.
SweepGrid with_multipliers(SweepGrid grid, std::size_t count) {
  grid.multipliers.clear();
  for (std::size_t i = 0; i < count; ++i)
    grid.multipliers.push_back(3.0F * (static_cast<float>(i) + 0.5F) / static_cast<float>(count) - 1.5F);
  return grid;
}

struct GrownSweep {
  std::string name;
  MeasuredSweep sweep;
};

std::string a_sample(double seconds, double flops) {
  return fmt::format("{}, {:.1f} GFLOP", text_of_seconds(seconds), flops / 1e9);
}

std::size_t multiplied(const SweepGrid& grid) {
  return static_cast<std::size_t>(std::ranges::count_if(grid.multipliers, [](float value) { return value != 0; }));
}

}  // namespace

void measure_growth(const BenchSettings& settings, Table& table) {
  const SweepSetup setup(settings);
  const std::size_t layers = setup.model.info().layers;
  const std::size_t samples = 4 * settings.threads;
  const auto full = full_grid(layers);
  const auto sweep_of = [&](const SweepGrid& grid, std::size_t count, std::size_t questions) {
    return MeasuredSweep(setup, setup.request(grid), sweep_items(setup.model, count, questions), settings.threads);
  };

  std::vector<GrownSweep> sweeps;
  const auto add = [&](std::string name, const SweepGrid& grid, std::size_t count, std::size_t questions) {
    sweeps.push_back({std::move(name), sweep_of(grid, count, questions)});
  };
  add("", full, samples, usual_questions);
  add(fmt::format("{} samples for {}", 4 * samples, samples), full, 4 * samples, usual_questions);
  for (const std::size_t n : {2, 5}) {
    const auto grid = every_nth_layer(layers, n);
    add(fmt::format("{} layers for {}", grid.layers.size(), layers), grid, samples, usual_questions);
  }
  for (const std::size_t count : {2, 12})
    add(fmt::format("{} multipliers for {}, 0 not counted", count, multiplied(full)), with_multipliers(full, count),
        samples, usual_questions);
  for (const std::size_t questions : {usual_questions / 3, 2 * usual_questions, 4 * usual_questions}) {
    const double tokens = own_tokens(sweep_items(setup.model, samples, questions));
    add(fmt::format("prompts of {:.0f} tokens for {:.0f}", tokens, own_tokens(sweeps.front().sweep.items())), full,
        samples, questions);
  }

  std::vector<Work> works;
  for (auto& grown : sweeps) works.emplace_back([&grown] { grown.sweep.run(); });
  const Turns taken(turns, works);
  const auto& base = sweeps.front().sweep;
  for (std::size_t i = 1; i < sweeps.size(); ++i) {
    const auto& sweep = sweeps[i].sweep;
    const double seconds_ratio =
        taken.median_of([&](auto seconds) { return seconds[i] / sweep.samples() / (seconds[0] / base.samples()); });
    const double flops_ratio = sweep.flops() / sweep.samples() / (base.flops() / base.samples());
    table.add({.what = "growth: a sample with " + sweeps[i].name,
               .threads = fmt::to_string(settings.threads),
               .measured = a_sample(taken.seconds(i) / sweep.samples(), sweep.flops() / sweep.samples()),
               .beside = a_sample(taken.seconds(0) / base.samples(), base.flops() / base.samples()),
               .ratio = fmt::format("{:.2f} of the time, {:.2f} of the arithmetic", seconds_ratio, flops_ratio)});
  }
}

void measure_threads(const BenchSettings& settings, Table& table) {
  if (settings.threads < 2) return;
  const SweepSetup setup(settings);
  const std::size_t samples = 4 * settings.threads;
  const auto items = sweep_items(setup.model, samples);
  MeasuredSweep one(setup, setup.request(), items, 1);
  MeasuredSweep all(setup, setup.request(), items, settings.threads);
  const auto with_neighbour = [](MeasuredSweep& sweep) {
    const BusyProcess neighbour;
    sweep.run();
  };
  const std::array<Work, 3> works = {[&] { all.run(); }, [&] { one.run(); }, [&] { with_neighbour(all); }};
  const Turns taken(turns, works);

  const auto cores = static_cast<double>(settings.threads);
  const auto a_sample = [&](std::size_t work) { return text_of_seconds(taken.seconds(work) / one.samples()); };
  table.add({.what = "threads: a sample on all cores against one",
             .threads = fmt::format("{} against 1", settings.threads),
             .measured = a_sample(0),
             .beside = a_sample(1),
             .ratio = text_of_ratio(taken.median_of([](auto seconds) { return seconds[1] / seconds[0]; }))});
  table.add({.what = "threads: beside a process that keeps a core busy",
             .threads = fmt::to_string(settings.threads),
             .measured = a_sample(2),
             .beside = fmt::format("{} without it; a fair share of the cores would make it {:.2f} times that",
                                   a_sample(0), (cores + 1) / cores),
             .ratio = text_of_ratio(taken.median_of([](auto seconds) { return seconds[2] / seconds[0]; }))});
}

void measure_memory(const BenchSettings& settings, Table& table) {
  constexpr std::size_t few = 32;
  constexpr std::size_t many = 256;
  // So many rows that every batch is full, at layers where that takes little time.
  const auto peak_of_sweep = [&](std::size_t samples) {
    return peak_memory_of([&] {
      const SweepSetup setup(settings);
      auto grid = with_multipliers(full_grid(setup.model.info().layers), 64);
      grid.layers.erase(grid.layers.begin(), grid.layers.end() - 4);
      MeasuredSweep(setup, setup.request(grid), sweep_items(setup.model, samples), settings.threads).run();
    });
  };
  const auto small = peak_of_sweep(few);
  const auto large = peak_of_sweep(many);
  const auto file = static_cast<double>(std::filesystem::file_size(settings.model));
  const auto megabytes = [](double bytes) { return fmt::format("{:.0f} MB", bytes / 1e6); };
  const auto add = [&](std::string what, double measured, std::string beside, double ratio) {
    table.add({.what = std::move(what),
               .threads = fmt::to_string(settings.threads),
               .measured = megabytes(measured),
               .beside = std::move(beside),
               .ratio = text_of_ratio(ratio)});
  };
  add(fmt::format("memory: peak of a sweep of {} samples, full batches, without the model's file", many), large.own,
      fmt::format("{} with {} samples", megabytes(small.own), few), large.own / small.own);
  add("memory: peak with the model's file, each of its two mappings counted", large.resident,
      fmt::format("{}: the file", megabytes(file)), large.resident / file);
}

}  // namespace w2s::bench
