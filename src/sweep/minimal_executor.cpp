#include "sweep/minimal_executor.h"

#include <algorithm>
#include <utility>

#include "sweep/steered_rows.h"

namespace w2s {
namespace {

// Rows of a batch: enough for matrix products to be at their best, and a bound on memory.
constexpr std::size_t rows_at_once = 1024;

std::size_t layer_of_birth(const SteeredRow& row) { return row.steerings.front().layer; }

// A plan whose prompt has been read, and its rows by their layer of birth.
class PlannedSample {
 public:
  PlannedSample(const SweepPlan& plan, PromptState state) : plan_(&plan), state_(std::move(state)), rows_(plan) {
    encodings_ = encodings_of(plan, state_.reading);
    if (plan.choose) rows_.choose(plan.choose(encodings_));
    rows_.add_independent();
    rows_.add_dependent(state_.reading);
    std::ranges::stable_sort(rows_.rows(), {}, layer_of_birth);
  }

  [[nodiscard]] std::vector<SteeredRow>& rows() noexcept { return rows_.rows(); }
  [[nodiscard]] std::span<const float> unsteered(std::size_t layer) const { return state_.reading.last.at(layer); }
  [[nodiscard]] RowGroup group_of(std::size_t rows) {
    return {.prompt = &state_.key_values, .rows = rows, .position = sample().prompt.size() - 1};
  }
  [[nodiscard]] const TokenizedSample& sample() const noexcept { return *plan_->sample; }
  [[nodiscard]] SweepOutcome outcome() {
    const float unsteered = state_.reading.propensity;
    return {.unsteered = unsteered, .steered = rows_.propensities(unsteered), .encodings = std::move(encodings_)};
  }

 private:
  const SweepPlan* plan_;
  PromptState state_;
  std::vector<std::vector<float>> encodings_;
  SteeredRows rows_;
};

void steer(const SteeredRow& row, std::size_t layer, std::span<float> residual) {
  for (const auto& steering : row.steerings)
    if (steering.layer == layer) apply_operator(steering.operation, steering.scale, steering.direction, residual);
}

// Rows of one sample that go through the layers together, by layer.
struct RowRange {
  PlannedSample* sample;
  std::span<SteeredRow> rows;
  std::size_t group = 0;  // in the batch
  std::size_t born = 0;   // rows of the range that are in the batch
};

// The batch as it leaves `layer`: with the rows that are born there, and steered where that is to be there.
RowBatch with_births(const RowBatch& batch, std::size_t layer, std::size_t width, std::vector<RowRange>& ranges) {
  RowBatch next(width);
  for (auto& range : ranges) {
    const auto end = std::ranges::upper_bound(range.rows, layer, {}, layer_of_birth);
    const auto alive = static_cast<std::size_t>(end - range.rows.begin());
    if (alive == 0) continue;
    const std::size_t group = next.add(range.sample->group_of(alive));
    for (std::size_t i = 0; i < alive; ++i) {
      const auto residual = next.row(group, i);
      const auto before = i < range.born ? batch.row(range.group, i) : range.sample->unsteered(layer);
      std::ranges::copy(before, residual.begin());
      steer(range.rows[i], layer, residual);
    }
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
  return std::ranges::equal(prefix_of(first), prefix_of(second)) && first.encoders == second.encoders;
}

}  // namespace

std::vector<SweepOutcome> MinimalExecutor::run_together(std::span<const SweepPlan> plans) {
  const auto differs = [&](const SweepPlan& plan) { return !begin_alike(plan, plans.front()); };
  if (plans.empty() || std::ranges::any_of(plans, differs)) return SweepExecutor::run_together(plans);

  PromptNeeds needs;
  std::vector<const TokenizedSample*> prompts;
  for (const auto& plan : plans) {
    needs.add(needs_of(plan));
    prompts.push_back(plan.sample);
  }
  reader_.begin_with(prefix_of(plans.front()), needs);
  auto states = reader_.read_states(prompts);
  std::vector<PlannedSample> samples;
  samples.reserve(plans.size());  // their key-values are pointed to
  for (std::size_t i = 0; i < plans.size(); ++i) samples.emplace_back(plans[i], std::move(states[i]));
  run_all_rows(reader_.layers(), samples);
  std::vector<SweepOutcome> outcomes;
  for (auto& sample : samples) outcomes.push_back(sample.outcome());
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
    if (needs_of(plan).answers)
      flops += 2 * layers * (a_row.weights + static_cast<double>(prompt + 1) * a_row.attention_a_token);
    for (const auto& intervention : plan.interventions) {
      const auto birth = std::ranges::min(intervention.layers, {}, &LayerShare::layer).layer;
      const double passed = layers - 1 - static_cast<double>(birth);
      flops += passed * (a_row.weights + static_cast<double>(prompt) * a_row.attention_a_token);
    }
  }
  return flops;
}

}  // namespace w2s
