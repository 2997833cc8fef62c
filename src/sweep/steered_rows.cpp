#include "sweep/steered_rows.h"

#include <algorithm>
#include <set>

#include "base/values.h"

namespace w2s {

InputNeeds common_needs(const SweepPlan& plan) {
  InputNeeds common;
  std::set<std::size_t> layers;
  for (const auto* source : plan.sources) {
    const auto needs = source->needs();
    common.answers = common.answers || needs.answers;
    layers.insert(needs.prompt_layers.begin(), needs.prompt_layers.end());
  }
  common.prompt_layers.assign(layers.begin(), layers.end());
  return common;
}

Row steered_row(const SweepPlan& plan, std::int32_t sequence) {
  return {.token = plan.sample->prompt.back(),
          .position = static_cast<std::int32_t>(plan.sample->prompt.size() - 1),
          .sequence = sequence,
          .wants_logits = true};
}

float propensity(const Decoded& decoded, std::size_t row) {
  const auto logits = decoded.row_logits(row);
  return logits[0] - logits[1];
}

void SteeredRows::add_independent() {
  for (std::size_t source = 0; source < plan_->sources.size(); ++source)
    if (!depends_on_input(*plan_->sources[source])) add_source(source, {});
}

void SteeredRows::add_input(const InputRepresentation& input) {
  for (std::size_t source = 0; source < plan_->sources.size(); ++source)
    if (depends_on_input(*plan_->sources[source])) add_source(source, input);
}

void SteeredRows::add_source(std::size_t source, const InputRepresentation& input) {
  std::span<const float> vector;
  for (std::size_t i = 0; i < plan_->interventions.size(); ++i) {
    const std::size_t layer = plan_->interventions[i].layer;
    if (i == 0 || layer != plan_->interventions[i - 1].layer)
      vector = vectors_.emplace_back(plan_->sources[source]->vector(layer, input));
    if (!is_zero(vector)) rows_.push_back({.source = source, .intervention = i, .vector = vector});
  }
}

void SteeredRows::add_to(Batch& batch, std::size_t room, std::int32_t first_sequence) {
  const std::size_t end = std::min(added_ + room, rows_.size());
  for (auto sequence = first_sequence; added_ < end; ++added_, ++sequence) {
    const auto& row = rows_[added_];
    const auto& intervention = plan_->interventions[row.intervention];
    batch.edits.push_back({.row = batch.rows.size(),
                           .layer = intervention.layer,
                           .scale = intervention.multiplier,
                           .direction = row.vector,
                           .operation = plan_->operation});
    batch.rows.push_back(steered_row(*plan_, sequence));
  }
}

void SteeredRows::take(const Decoded& decoded, std::size_t first_row) {
  for (std::size_t row = first_row; taken_ < added_; ++taken_, ++row)
    rows_[taken_].propensity = propensity(decoded, row);
}

std::vector<std::vector<float>> SteeredRows::propensities(float unsteered) const {
  std::vector<std::vector<float>> propensities(plan_->sources.size(),
                                               std::vector<float>(plan_->interventions.size(), unsteered));
  for (const auto& row : rows_) propensities[row.source][row.intervention] = row.propensity;
  return propensities;
}

}  // namespace w2s
