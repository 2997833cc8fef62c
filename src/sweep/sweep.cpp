#include "w2s/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/parallel.h"
#include "sweep/minimal_executor.h"
#include "sweep/rows_executor.h"
#include "w2s/base.h"

namespace w2s {
namespace {

// Everything of a plan but the sample.
SweepPlan plan_for(const SweepRequest& request, std::span<const SweepItem> items) {
  return {.sample = nullptr,
          .shared_prefix = common_prefix_length(tokens_of(items)),
          .interventions = interventions(request.grid, request.sources.size()),
          .sources = request.sources,
          .operation = request.grid.operation,
          .encoders = request.encoders};
}

std::vector<std::size_t> united(const std::vector<std::size_t>& first, const std::vector<std::size_t>& second) {
  std::vector<std::size_t> both;
  std::ranges::set_union(first, second, std::back_inserter(both));
  return both;
}

// The samples in the store that lack a layer they should have, with the layers they have.
std::map<SweepKey, std::vector<std::size_t>> incomplete_samples(const SweepRequest& request, const SweepStore& store) {
  std::map<SweepKey, std::vector<std::size_t>> incomplete;
  for (const auto& record : store.records()) {
    if (record.layers.empty()) continue;
    if (!std::ranges::includes(record.layers, request.choose_layers(record.key, record.encodings)))
      incomplete.emplace(record.key, record.layers);
  }
  return incomplete;
}

// Progress of a job, without units that are others' work.
Job without(const Job& job, std::size_t units) {
  Job own = job;
  if (units == 0 || !job.on_progress) return own;
  own.on_progress = [&job, units](const Progress& progress) {
    auto rest = progress;
    rest.done -= units;
    rest.total -= units;
    rest.resumed -= units;
    job.report(rest);
  };
  return own;
}

std::vector<PropensityMap> propensity_maps(const SweepGrid& grid, std::size_t sources, const SweepOutcome& outcome) {
  const std::size_t rows = grid.layers.size() * multipliers_to_run(grid).size();
  std::vector<PropensityMap> maps;
  for (std::size_t source = 0; source < sources; ++source)
    maps.push_back(propensity_map(grid, outcome.unsteered, std::span(outcome.steered).subspan(source * rows, rows)));
  return maps;
}

// Raises `noise` to what lies between two measurements of one sample with one source. Returns whether the best layer
// differs.
bool compare(const SweepGrid& grid, const PropensityMap& usual, const PropensityMap& other, NoiseFloor& noise) {
  for (std::size_t k = 0; k < usual.values.size(); ++k)
    noise.propensity = std::max(noise.propensity, static_cast<double>(std::abs(usual.values[k] - other.values[k])));
  const auto usual_slopes = steerability(grid.multipliers, usual);
  const auto other_slopes = steerability(grid.multipliers, other);
  for (std::size_t l = 0; l < usual_slopes.size(); ++l)
    noise.steerability = std::max(noise.steerability, std::abs(usual_slopes[l] - other_slopes[l]));
  return best_layer(usual_slopes) != best_layer(other_slopes);
}

using Measurement = std::function<SweepOutcome(const SweepPlan&)>;

NoiseFloor measure_noise_floor(const Measurement& measure, const Measurement& measure_otherwise,
                               const SweepRequest& request, std::span<const SweepItem> items, std::size_t samples,
                               const Job& job) {
  auto plan = plan_for(request, items);
  plan.encoders.clear();
  NoiseFloor noise;
  noise.samples = std::min(samples, items.size());
  for (std::size_t i = 0; i < noise.samples; ++i) {
    job.check_stop();
    plan.sample = &items[i * items.size() / noise.samples].tokens;
    const auto usual = propensity_maps(request.grid, request.sources.size(), measure(plan));
    const auto other = propensity_maps(request.grid, request.sources.size(), measure_otherwise(plan));
    bool best_layer_changed = false;
    for (std::size_t source = 0; source < usual.size(); ++source)
      best_layer_changed |= compare(request.grid, usual[source], other[source], noise);
    if (best_layer_changed) ++noise.best_layer_changes;
    job.report({.stage = "noise floor", .done = i + 1, .total = noise.samples});
  }
  return noise;
}

}  // namespace

std::vector<TokenizedSample> tokens_of(std::span<const SweepItem> items) {
  std::vector<TokenizedSample> tokens;
  tokens.reserve(items.size());
  for (const auto& item : items) tokens.push_back(item.tokens);
  return tokens;
}

void sweep(SweepExecutors executors, const SweepRequest& request, std::span<const SweepItem> items,
           const std::function<bool(const SweepKey&)>& is_done, const std::function<void(SweepRecord)>& sink,
           const Job& job) {
  const auto plan = plan_for(request, items);
  std::vector<const SweepItem*> open;
  for (const auto& item : items)
    if (!is_done(item.key)) open.push_back(&item);

  if (executors.empty()) throw Error(ErrorKind::usage, "sweep: no executor");
  std::mutex sink_mutex;
  const auto measure = [&](std::size_t worker, std::size_t first, std::size_t count) {
    const auto together = std::span(open).subspan(first, count);
    std::vector<SweepGrid> grids(together.size(), request.grid);
    std::vector<SweepPlan> plans(together.size(), plan);
    for (std::size_t i = 0; i < together.size(); ++i) {
      plans[i].sample = &together[i]->tokens;
      if (!request.choose_layers) continue;
      plans[i].choose = [&request, key = together[i]->key,
                         &grid = grids[i]](std::span<const std::vector<float>> encodings) {
        grid.layers = request.choose_layers(key, encodings);
        return interventions(grid, request.sources.size());
      };
    }
    auto outcomes = executors[worker]->run_together(plans);
    const std::lock_guard lock(sink_mutex);
    for (std::size_t i = 0; i < together.size(); ++i) {
      sink({.key = together[i]->key,
            .id = together[i]->id,
            .part = together[i]->part,
            .layers = request.choose_layers ? grids[i].layers : std::vector<std::size_t>{},
            .propensity = propensity_maps(grids[i], request.sources.size(), outcomes[i]),
            .encodings = std::move(outcomes[i].encodings)});
    }
  };
  const std::size_t resumed = items.size() - open.size();
  run_parallel_together({.stage = "sweep", .done = resumed, .total = items.size(), .resumed = resumed},
                        executors.size(), executors.front()->plans_at_once(), measure, job);
}

void sweep(SweepExecutors executors, const SweepRequest& request, std::span<const SweepItem> items, SweepStore& store,
           const Job& job) {
  sweep(executors, request, items, store, store, {}, job);
}

void sweep(SweepExecutors executors, const SweepRequest& request, std::span<const SweepItem> items,
           const SweepStore& measured, SweepStore& own, Share share, const Job& job) {
  auto extending = request;
  std::map<SweepKey, std::vector<std::size_t>> incomplete;
  if (request.choose_layers) {
    incomplete = incomplete_samples(request, measured);
    extending.choose_layers = [&](const SweepKey& key, std::span<const std::vector<float>> encodings) {
      const auto layers = request.choose_layers(key, encodings);
      const auto had = incomplete.find(key);
      return had == incomplete.end() ? layers : united(layers, had->second);
    };
  }
  std::set<SweepKey> open;
  std::size_t missing = 0;
  for (const auto& item : items) {
    const bool is_done = measured.contains(item.key) && !incomplete.contains(item.key);
    if (!is_done && share.has(missing++)) open.insert(item.key);
  }
  const auto part = part_of(job, share);
  sweep(
      executors, extending, items, [&](const SweepKey& key) { return !open.contains(key); },
      [&](const SweepRecord& record) { own.add(record); }, without(part, missing - open.size()));
}

NoiseFloor measure_noise_floor(ExecutorChoice choice, Decoder& decoder, const SweepRequest& request,
                               std::span<const SweepItem> items, std::size_t samples, const Job& job) {
  RowsExecutor rows(decoder);
  const auto in_usual_batches = [&](const SweepPlan& plan) { return rows.run(plan); };
  if (resolve_executor(choice, decoder.model()) == ExecutorChoice::rows) {
    const auto in_small_batches = [&](const SweepPlan& plan) {
      rows.limit_rows(std::max<std::size_t>(2, std::min(plan.interventions.size() + 1, rows.rows_at_once()) / 3));
      auto outcome = rows.run(plan);
      rows.limit_rows(0);
      return outcome;
    };
    return measure_noise_floor(in_usual_batches, in_small_batches, request, items, samples, job);
  }
  MinimalExecutor minimal{LayerwiseModel(decoder.model())};
  return measure_noise_floor([&](const SweepPlan& plan) { return minimal.run(plan); }, in_usual_batches, request, items,
                             samples, job);
}

std::size_t required_context(const SweepGrid& grid, std::size_t sources, std::span<const SweepItem> items,
                             std::size_t sequences) {
  std::size_t longest = 0;
  for (const auto& item : items) longest = std::max(longest, item.tokens.prompt.size());
  constexpr std::size_t unsteered_and_answers = 3;
  return longest + std::min(interventions(grid).size() * sources + unsteered_and_answers, sequences);
}

void check_context(const ModelInfo& model, std::size_t context, const SweepGrid& grid, std::size_t sources,
                   std::span<const SweepItem> items, std::size_t sequences) {
  for (const auto& item : items) {
    const std::size_t tokens = item.tokens.prompt.size();
    if (model.training_context > 0 && tokens >= model.training_context) {
      throw Error(ErrorKind::data, fmt::format("sample {}: its prompt has {} tokens, the model was trained for {}",
                                               to_string(item.id), tokens, model.training_context));
    }
    const std::size_t needed = required_context(grid, sources, std::span(&item, 1), sequences);
    if (context == 0 || needed <= context) continue;
    throw Error(ErrorKind::usage,
                fmt::format("sample {}: its prompt of {} tokens and the rows of the sweep need a context of {}, not {}",
                            to_string(item.id), tokens, needed, context));
  }
}

}  // namespace w2s
