#include "sweep/steered_rows.h"

#include <algorithm>

#include "base/values.h"

namespace w2s {

PromptNeeds needs_of(const SweepPlan& plan) {
  auto needs = needs_of(plan.encoders);
  for (const auto* source : plan.sources) needs.add(source->needs());
  return needs;
}

std::span<const Token> prefix_of(const SweepPlan& plan) {
  return std::span(plan.sample->prompt).first(plan.shared_prefix);
}

std::vector<std::vector<float>> encodings_of(const SweepPlan& plan, const PromptReading& reading) {
  std::vector<std::vector<float>> encodings;
  for (const auto& encoder : plan.encoders) encodings.push_back(encoding_of(encoder, reading));
  return encodings;
}

void SteeredRows::add_rows(bool dependent, const PromptReading& reading) {
  for (std::size_t i = 0; i < interventions_.size(); ++i) {
    const auto& [source, layers, multiplier] = interventions_[i];
    if (depends_on_input(*plan_->sources[source]) != dependent) continue;
    SteeredRow row{.intervention = i};
    for (const auto& share : layers) {
      const auto& direction = vector(source, share.layer, reading);
      if (is_zero(direction)) continue;
      row.steerings.push_back({.layer = share.layer,
                               .scale = multiplier * share.share,
                               .direction = direction,
                               .operation = plan_->operation});
    }
    std::ranges::sort(row.steerings, {}, &Steering::layer);
    if (!row.steerings.empty()) rows_.push_back(std::move(row));
  }
}

const std::vector<float>& SteeredRows::vector(std::size_t source, std::size_t layer, const PromptReading& reading) {
  const auto [place, is_new] = vectors_.try_emplace({source, layer});
  if (is_new) place->second = plan_->sources[source]->vector(layer, reading);
  return place->second;
}

std::vector<float> SteeredRows::propensities(float unsteered) const {
  std::vector<float> propensities(interventions_.size(), unsteered);
  for (const auto& row : rows_) propensities[row.intervention] = row.propensity;
  return propensities;
}

}  // namespace w2s
