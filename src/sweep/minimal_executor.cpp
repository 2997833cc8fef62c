#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/values.h"
#include "sweep/steered_rows.h"
#include "w2s/sweep_executor.h"

namespace w2s {
namespace {

// Rows of a batch: enough for matrix products to be at their best, and a bound on memory.
constexpr std::size_t rows_at_once = 1024;

// One steered row: what it needs to be born, and what comes of it.
struct BornRow {
  std::size_t source;
  std::size_t intervention;
  std::size_t layer;
  float multiplier;
  std::span<const float> vector;
  float propensity = 0;
};

// A plan whose prompt has been read, and its rows.
class PlannedSample {
 public:
  PlannedSample(const SweepPlan& plan, PromptState state);

  [[nodiscard]] std::vector<BornRow>& rows() noexcept { return rows_; }
  void bear(const BornRow& row, std::span<float> residual) const;
  [[nodiscard]] RowGroup group_of(std::size_t rows) {
    return {.prompt = &state_.key_values, .rows = rows, .position = sample().prompt.size() - 1};
  }
  [[nodiscard]] const TokenizedSample& sample() const noexcept { return *plan_->sample; }
  [[nodiscard]] SweepOutcome outcome() const;

 private:
  void make_rows(const InputRepresentation& input);

  const SweepPlan* plan_;
  PromptState state_;
  std::vector<std::vector<float>> encodings_;
  std::vector<Intervention> interventions_;
  std::vector<std::vector<float>> vectors_;  // what the rows point to
  std::vector<BornRow> rows_;                // by layer
};

InputRepresentation input_of(const InputNeeds& needs, const PromptState& state) {
  InputRepresentation input;
  for (const std::size_t layer : needs.prompt_layers) input.prompt[layer] = state.last.at(layer);
  if (needs.answers) input.difference = state.difference;
  return input;
}

PlannedSample::PlannedSample(const SweepPlan& plan, PromptState state) : plan_(&plan), state_(std::move(state)) {
  for (const auto& [layer, pooling] : plan.encoders)
    encodings_.push_back(pooling == Pooling::last ? state_.last.at(layer) : state_.means.at(layer));
  interventions_ = plan.choose ? plan.choose(encodings_) : plan.interventions;
  make_rows(input_of(common_needs(plan), state_));
}

void PlannedSample::make_rows(const InputRepresentation& input) {
  for (std::size_t source = 0; source < plan_->sources.size(); ++source) {
    std::optional<std::size_t> vector_layer;
    for (std::size_t i = 0; i < interventions_.size(); ++i) {
      const auto& [layer, multiplier] = interventions_[i];
      if (vector_layer != layer) {
        vectors_.push_back(plan_->sources[source]->vector(layer, input));
        vector_layer = layer;
      }
      if (is_zero(vectors_.back())) continue;
      rows_.push_back({source, i, layer, multiplier, vectors_.back()});
    }
  }
  std::ranges::stable_sort(rows_, {}, &BornRow::layer);
}

// As it leaves its layer, steered.
void PlannedSample::bear(const BornRow& row, std::span<float> residual) const {
  std::ranges::copy(state_.last[row.layer], residual.begin());
  apply_operator(plan_->operation, row.multiplier, row.vector, residual);
}

SweepOutcome PlannedSample::outcome() const {
  SweepOutcome outcome{
      .unsteered = state_.propensity,
      .steered = std::vector(plan_->sources.size(), std::vector<float>(interventions_.size(), state_.propensity)),
      .encodings = encodings_};
  for (const auto& row : rows_) outcome.steered[row.source][row.intervention] = row.propensity;
  return outcome;
}

// Rows of one sample that go through the layers together, by layer.
struct RowRange {
  PlannedSample* sample;
  std::span<BornRow> rows;
  std::size_t group = 0;  // in the batch
  std::size_t born = 0;   // rows of the range that are in the batch
};

// The batch as it leaves `layer`, with the rows that are steered there.
RowBatch with_births(const RowBatch& batch, std::size_t layer, std::size_t width, std::vector<RowRange>& ranges) {
  RowBatch next(width);
  for (auto& range : ranges) {
    const auto end = std::ranges::upper_bound(range.rows, layer, {}, &BornRow::layer);
    const auto alive = static_cast<std::size_t>(end - range.rows.begin());
    if (alive == 0) continue;
    const std::size_t group = next.add(range.sample->group_of(alive));
    for (std::size_t i = 0; i < range.born; ++i)
      std::ranges::copy(batch.row(range.group, i), next.row(group, i).begin());
    for (std::size_t i = range.born; i < alive; ++i) range.sample->bear(range.rows[i], next.row(group, i));
    range.group = group;
    range.born = alive;
  }
  return next;
}

// Takes rows from where they are steered to their logits.
void run_rows(LayerwiseModel& model, std::vector<RowRange> ranges) {
  const std::size_t layers = model.info().layers;
  RowBatch batch(model.info().width);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    if (batch.columns() > 0) model.apply(layer, batch);
    batch = with_births(batch, layer, model.info().width, ranges);
  }
  for (const auto& range : ranges)
    for (std::size_t i = 0; i < range.born; ++i)
      range.rows[i].propensity = propensity(model, batch.row(range.group, i), range.sample->sample());
}

void run_all_rows(LayerwiseModel& model, std::vector<PlannedSample>& samples) {
  std::vector<RowRange> ranges;
  std::size_t room = rows_at_once;
  for (auto& sample : samples) {
    auto rest = std::span(sample.rows());
    while (!rest.empty()) {
      const std::size_t taken = std::min(room, rest.size());
      ranges.push_back({.sample = &sample, .rows = rest.first(taken)});
      rest = rest.subspan(taken);
      room -= taken;
      if (room > 0) continue;
      run_rows(model, std::exchange(ranges, {}));
      room = rows_at_once;
    }
  }
  if (!ranges.empty()) run_rows(model, std::move(ranges));
}

bool begin_alike(const SweepPlan& first, const SweepPlan& second) {
  const auto prefix = [](const SweepPlan& plan) { return std::span(plan.sample->prompt).first(plan.shared_prefix); };
  return std::ranges::equal(prefix(first), prefix(second)) && first.encoders == second.encoders;
}

}  // namespace

std::vector<std::size_t> mean_layers_of(const std::vector<PromptEncoder>& encoders) {
  std::set<std::size_t> layers;
  for (const auto& [layer, pooling] : encoders)
    if (pooling == Pooling::mean) layers.insert(layer);
  return {layers.begin(), layers.end()};
}

std::vector<SweepOutcome> MinimalExecutor::run_together(std::span<const SweepPlan> plans) {
  const auto differs = [&](const SweepPlan& plan) { return !begin_alike(plan, plans.front()); };
  if (plans.empty() || std::ranges::any_of(plans, differs)) return SweepExecutor::run_together(plans);

  const auto& first = plans.front();
  reader_.begin_with(std::span(first.sample->prompt).first(first.shared_prefix), mean_layers_of(first.encoders));
  std::vector<const TokenizedSample*> prompts;
  for (const auto& plan : plans) prompts.push_back(plan.sample);
  const bool differences = std::ranges::any_of(plans, [](const auto& plan) { return common_needs(plan).answers; });
  auto states = reader_.read(prompts, differences);
  std::vector<PlannedSample> samples;
  samples.reserve(plans.size());  // their key-values are pointed to
  for (std::size_t i = 0; i < plans.size(); ++i) samples.emplace_back(plans[i], std::move(states[i]));
  run_all_rows(reader_.model(), samples);
  std::vector<SweepOutcome> outcomes;
  for (const auto& sample : samples) outcomes.push_back(sample.outcome());
  return outcomes;
}

SweepOutcome MinimalExecutor::run(const SweepPlan& plan) { return run_together({&plan, 1}).front(); }

double minimal_flops(const LayerwiseModel& model, std::span<const SweepPlan> plans) {
  return minimal_flops(layer_flops(model.layer_shape()), model.info().layers, plans);
}

double minimal_flops(const LayerFlops& a_row, std::size_t layer_count, std::span<const SweepPlan> plans) {
  const auto layers = static_cast<double>(layer_count);
  // Tokens of a prompt at positions [begin, end), which see what comes before them and themselves. Of the last layer
  // only their keys and values are of use.
  const auto tokens = [&](std::size_t begin, std::size_t end) {
    const auto count = static_cast<double>(end - begin);
    const auto seen = (static_cast<double>(begin + end) + 1) / 2 * count;
    return (layers - 1) * (count * a_row.weights + seen * a_row.attention_a_token) + count * a_row.keys_and_values;
  };
  double flops = plans.empty() ? 0.0 : tokens(0, plans.front().shared_prefix);
  for (const auto& plan : plans) {
    const std::size_t prompt = plan.sample->prompt.size();
    flops += tokens(plan.shared_prefix, prompt);
    // The steered token also leaves the last layer.
    flops += a_row.weights - a_row.keys_and_values + static_cast<double>(prompt) * a_row.attention_a_token;
    if (common_needs(plan).answers)
      flops += 2 * layers * (a_row.weights + static_cast<double>(prompt + 1) * a_row.attention_a_token);
    for (const auto& [layer, multiplier] : plan.interventions) {
      const double passed = (layers - 1 - static_cast<double>(layer)) * static_cast<double>(plan.sources.size());
      flops += passed * (a_row.weights + static_cast<double>(prompt) * a_row.attention_a_token);
    }
  }
  return flops;
}

}  // namespace w2s
