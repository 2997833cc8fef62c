#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "measure.h"
#include "parts.h"
#include "sweep/naive_executor.h"
#include "sweep_setup.h"
#include "w2s/vectors.h"

namespace w2s::bench {
namespace {

constexpr std::size_t turns = 5;

// The naive loop takes too long: some layers and multipliers, spread over all, stand for the grid.
SweepGrid part_of_grid(std::size_t layers) {
  SweepGrid grid{.multipliers = {-1.5F, 1.5F}};
  for (std::size_t i = 0; i < 6; ++i) grid.layers.push_back(layers * (2 * i + 1) / 12);
  return grid;
}

SweepGrid last_layer(std::size_t layers) { return {.layers = {layers - 1}, .multipliers = {-1, 1}}; }

std::vector<std::unique_ptr<SweepExecutor>> naive_executors(std::span<Decoder> decoders) {
  std::vector<std::unique_ptr<SweepExecutor>> executors;
  for (auto& decoder : decoders) executors.push_back(std::make_unique<NaiveExecutor>(decoder));
  return executors;
}

std::string gigaflops(double flops, double seconds) { return fmt::format("{:.0f} GFLOP/s", flops / seconds / 1e9); }

// Products of the model's own weights with as many rows as a batch of the sweep may have.
std::vector<ProductShape> layer_products(const LayerwiseModel& model) {
  const auto shape = model.layer_shape();
  const auto product = [](std::size_t outputs, std::size_t inputs) {
    return ProductShape{.rows = static_cast<Eigen::Index>(outputs),
                        .inner = static_cast<Eigen::Index>(inputs),
                        .columns = 512,
                        .transposes_left = true};
  };
  return {product(shape.query_width, shape.width), product(shape.kv_width, shape.width),
          product(shape.feed_forward, shape.width), product(shape.width, shape.feed_forward)};
}

// One number of threads for everything.
void compare_with_peak(const SweepSetup& setup, std::size_t threads, const ProductShape& best, Table& table) {
  const std::size_t layers = setup.model.info().layers;
  const auto items = sweep_items(setup.model, 4 * threads);
  MeasuredSweep all(setup, setup.request(), items, threads);
  MeasuredSweep prompts(setup, setup.request(last_layer(layers)), items, threads);
  const Products peak({best}, threads, 0.3);
  const std::array<Work, 3> works = {[&] { all.run(); }, [&] { prompts.run(); }, [&] { peak.run(); }};
  const Turns taken(turns, works);

  const double row_flops = all.flops() - prompts.flops();
  const auto peak_rate = [&](std::span<const double> seconds) { return peak.flops() / seconds[2]; };
  const auto add = [&](const char* what, double flops, double seconds, double share) {
    table.add({.what = what,
               .threads = fmt::to_string(threads),
               .measured = gigaflops(flops, seconds),
               .beside = fmt::format("{} in matrix products alone", gigaflops(peak.flops(), taken.seconds(2))),
               .ratio = text_of_share(share)});
  };
  add("sweep: arithmetic a second", all.flops(), taken.seconds(0),
      taken.median_of([&](auto seconds) { return all.flops() / seconds[0] / peak_rate(seconds); }));
  add("sweep: the same, steered rows alone", row_flops, taken.difference(0, 1),
      taken.median_of([&](auto seconds) { return row_flops / (seconds[0] - seconds[1]) / peak_rate(seconds); }));
}

void compare_with_least(const SweepSetup& setup, const LayerwiseModel& model, const MeasuredSweep& minimal,
                        Table& table) {
  const double least = least_flops(layer_flops(model.layer_shape()), setup.model.info().layers,
                                   shared_prefix(minimal.items()), minimal.request(), minimal.items());
  table.add({.what = "sweep: arithmetic a sample, counted",
             .threads = "any",
             .measured = fmt::format("{:.1f} GFLOP", minimal.flops() / minimal.samples() / 1e9),
             .beside = fmt::format("{:.1f} GFLOP that no plan can do without", least / minimal.samples() / 1e9),
             .ratio = text_of_ratio(minimal.flops() / least)});
}

}  // namespace

void measure_sweep(const BenchSettings& settings, Table& table) {
  const SweepSetup setup(settings);
  const std::size_t layers = setup.model.info().layers;
  const DecoderOptions options{.context = 1024, .threads = static_cast<int>(settings.threads)};
  auto decoders = make_decoders(setup.model, options, settings.threads);
  const std::size_t samples = 4 * settings.threads;

  MeasuredSweep minimal(setup, setup.request(), sweep_items(setup.model, samples), settings.threads);
  MeasuredSweep rows(make_executors(decoders, ExecutorChoice::rows), setup.request(),
                     sweep_items(setup.model, samples));
  auto naive_decoders = make_decoders(setup.model, options, settings.threads);
  MeasuredSweep naive(naive_executors(naive_decoders), setup.request(part_of_grid(layers)),
                      sweep_items(setup.model, settings.threads));
  const std::array<Work, 3> works = {[&] { minimal.run(); }, [&] { rows.run(); }, [&] { naive.run(); }};
  const Turns taken(turns, works);

  // The naive loop also decodes the unsteered prompt, and would do so once.
  const auto full = full_grid(layers);
  const auto interventions_of = [](const SweepGrid& grid) {
    return static_cast<double>(grid.layers.size() * grid.multipliers.size());
  };
  const double scale = (interventions_of(full) + 1) / (interventions_of(part_of_grid(layers)) + 1);
  const auto add = [&](std::string beside, double ratio) {
    table.add({.what = fmt::format("sweep: {} prompts of {:.0f} tokens, {} layers x {} multipliers, a sample", samples,
                                   own_tokens(minimal.items()), layers, full.multipliers.size()),
               .threads = fmt::to_string(settings.threads),
               .measured = text_of_seconds(taken.seconds(0) / minimal.samples()),
               .beside = std::move(beside),
               .ratio = text_of_ratio(ratio)});
  };
  const auto ratio_to = [&](std::size_t work, const MeasuredSweep& other, double factor) {
    return taken.median_of(
        [&](auto seconds) { return seconds[work] * factor / other.samples() / (seconds[0] / minimal.samples()); });
  };
  add(fmt::format("naive loop: {} ({:.0f} interventions timed, scaled to {:.0f})",
                  text_of_seconds(taken.seconds(2) * scale / naive.samples()), interventions_of(part_of_grid(layers)),
                  interventions_of(full)),
      ratio_to(2, naive, scale));
  add(fmt::format("rows through llama.cpp: {}", text_of_seconds(taken.seconds(1) / rows.samples())),
      ratio_to(1, rows, 1));

  const LayerwiseModel model(setup.model);
  compare_with_least(setup, model, minimal, table);
  const auto best = fastest(layer_products(model));
  for (const std::size_t threads : one_and_all(settings.threads)) compare_with_peak(setup, threads, best, table);
}

}  // namespace w2s::bench
