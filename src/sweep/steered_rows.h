// The rows that a plan's interventions become, with what came of them.
#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "w2s/decoding.h"
#include "w2s/sweep.h"

namespace w2s {

/// What a plan's sources and encoders must see of its prompt, taken together.
[[nodiscard]] PromptNeeds needs_of(const SweepPlan& plan);

/// The tokens that its prompt shares with all others of the sweep.
[[nodiscard]] std::span<const Token> prefix_of(const SweepPlan& plan);

/// What the plan's encoders see, [encoders][width].
[[nodiscard]] std::vector<std::vector<float>> encodings_of(const SweepPlan& plan, const PromptReading& reading);

struct SteeredRow {
  std::size_t intervention = 0;
  std::vector<Steering> steerings = {};  ///< by layer; at least one
  float propensity = 0;
};

/// Rows come from the interventions as what they need becomes known: those of sources that are the same for every input
/// at once, the others when the prompt has been read. Where all vectors of an intervention are zeros, it needs no row.
class SteeredRows {
 public:
  /// Of the plan's own interventions.
  explicit SteeredRows(const SweepPlan& plan) : plan_(&plan), interventions_(plan.interventions) {}

  /// Takes the place of the plan's interventions, before there are rows.
  void choose(std::vector<Intervention> interventions) { interventions_ = std::move(interventions); }

  /// Adds the rows of all sources that do not depend on the input.
  void add_independent() { add_rows(false, {}); }
  /// Adds those of the sources that do.
  void add_dependent(const PromptReading& reading) { add_rows(true, reading); }

  [[nodiscard]] std::vector<SteeredRow>& rows() noexcept { return rows_; }
  [[nodiscard]] const std::vector<SteeredRow>& rows() const noexcept { return rows_; }

  /// [interventions]; that of the unsteered row where there is no other.
  [[nodiscard]] std::vector<float> propensities(float unsteered) const;

 private:
  void add_rows(bool dependent, const PromptReading& reading);
  [[nodiscard]] const std::vector<float>& vector(std::size_t source, std::size_t layer, const PromptReading& reading);

  const SweepPlan* plan_;
  std::vector<Intervention> interventions_;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<float>>
      vectors_;  // by source and layer: rows point to them
  std::vector<SteeredRow> rows_;
};

}  // namespace w2s
