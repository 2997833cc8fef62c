#include "w2s/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <mutex>
#include <utility>

#include "w2s/error.h"
#include "w2s/parallel.h"

namespace w2s {
namespace {

std::vector<TokenizedSample> tokens_of(std::span<const SweepItem> items) {
  std::vector<TokenizedSample> tokens;
  tokens.reserve(items.size());
  for (const auto& item : items) tokens.push_back(item.tokens);
  return tokens;
}

// Everything of a plan but the sample.
SweepPlan plan_for(const SweepRequest& request, std::span<const SweepItem> items) {
  return {.sample = nullptr,
          .shared_prefix = common_prefix_length(tokens_of(items)),
          .interventions = interventions(request.grid),
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

std::vector<PropensityMap> propensity_maps(const SweepGrid& grid, const SweepOutcome& outcome) {
  std::vector<PropensityMap> maps;
  for (const auto& steered : outcome.steered) maps.push_back(propensity_map(grid, outcome.unsteered, steered));
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

}  // namespace

void sweep(SweepExecutors executors, const SweepRequest& request, std::span<const SweepItem> items,
           const std::function<bool(const SweepKey&)>& is_done, const std::function<void(SweepRecord)>& sink,
           const Job& job) {
  const auto plan = plan_for(request, items);
  std::vector<const SweepItem*> open;
  for (const auto& item : items)
    if (!is_done(item.key)) open.push_back(&item);

  std::mutex sink_mutex;
  const auto measure = [&](std::size_t worker, std::size_t index) {
    const SweepItem& item = *open[index];
    auto own_plan = plan;
    own_plan.sample = &item.tokens;
    auto grid = request.grid;
    if (request.choose_layers) {
      own_plan.choose = [&](std::span<const std::vector<float>> encodings) {
        grid.layers = request.choose_layers(item.key, encodings);
        return interventions(grid);
      };
    }
    auto outcome = executors[worker]->run(own_plan);
    SweepRecord record{.key = item.key,
                       .id = item.id,
                       .part = item.part,
                       .layers = request.choose_layers ? grid.layers : std::vector<std::size_t>{},
                       .propensity = propensity_maps(grid, outcome),
                       .encodings = std::move(outcome.encodings)};
    const std::lock_guard lock(sink_mutex);
    sink(std::move(record));
  };
  const std::size_t resumed = items.size() - open.size();
  run_parallel({.stage = "sweep", .done = resumed, .total = items.size(), .resumed = resumed}, executors.size(),
               measure, job);
}

void sweep(SweepExecutors executors, const SweepRequest& request, std::span<const SweepItem> items, SweepStore& store,
           const Job& job) {
  const auto add = [&](const SweepRecord& record) { store.add(record); };
  if (!request.choose_layers) {
    sweep(executors, request, items, [&](const SweepKey& key) { return store.contains(key); }, add, job);
    return;
  }
  const auto incomplete = incomplete_samples(request, store);
  auto extending = request;
  extending.choose_layers = [&](const SweepKey& key, std::span<const std::vector<float>> encodings) {
    const auto layers = request.choose_layers(key, encodings);
    const auto had = incomplete.find(key);
    return had == incomplete.end() ? layers : united(layers, had->second);
  };
  sweep(
      executors, extending, items,
      [&](const SweepKey& key) { return store.contains(key) && !incomplete.contains(key); }, add, job);
}

NoiseFloor measure_noise_floor(SharedPrefixExecutor& executor, const SweepRequest& request,
                               std::span<const SweepItem> items, std::size_t samples, const Job& job) {
  auto plan = plan_for(request, items);
  plan.encoders.clear();
  const std::size_t rows = plan.interventions.size() * plan.sources.size() + 1;
  NoiseFloor noise;
  noise.samples = std::min(samples, items.size());
  for (std::size_t i = 0; i < noise.samples; ++i) {
    job.check_stop();
    plan.sample = &items[i * items.size() / noise.samples].tokens;
    const auto usual = propensity_maps(request.grid, executor.run(plan));
    executor.limit_rows(std::max<std::size_t>(2, std::min(rows, executor.rows_at_once()) / 3));
    const auto other = propensity_maps(request.grid, executor.run(plan));
    executor.limit_rows(0);
    bool best_layer_changed = false;
    for (std::size_t source = 0; source < usual.size(); ++source)
      best_layer_changed |= compare(request.grid, usual[source], other[source], noise);
    if (best_layer_changed) ++noise.best_layer_changes;
    job.report({.stage = "noise floor", .done = i + 1, .total = noise.samples});
  }
  return noise;
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
