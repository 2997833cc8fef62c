// The rows that a plan's interventions become, with what came of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "w2s/decoder.h"
#include "w2s/sweep_plan.h"

namespace w2s {

/// What the sources of a plan must see of its input, taken together.
[[nodiscard]] InputNeeds common_needs(const SweepPlan& plan);

/// The steered token, decoded as the last one of the prompt.
[[nodiscard]] Row steered_row(const SweepPlan& plan, std::int32_t sequence);

/// Rows wait here until a batch has room for them. Those of sources that are the same for every input come first: they
/// can share the prompt's own batch, the others have to wait for what it shows.
class SteeredRows {
 public:
  /// Without rows. The plan's interventions may change until rows are added.
  explicit SteeredRows(const SweepPlan& plan) : plan_(&plan) {}

  /// Adds the rows of all sources that do not depend on the input.
  void add_independent();

  /// Adds those of the sources that do.
  void add_input(const InputRepresentation& input);

  /// Appends up to `room` waiting rows to a batch, each a sequence of its own from `first_sequence` on.
  void add_to(Batch& batch, std::size_t room, std::int32_t first_sequence);

  /// Takes the propensities of the rows that were added last, which begin at the decoded row `first_row`.
  void take(const Decoded& decoded, std::size_t first_row);

  [[nodiscard]] bool all_taken() const noexcept { return taken_ == rows_.size(); }

  /// [sources][interventions]. A vector of zeros needs no row: it has the unsteered propensity.
  [[nodiscard]] std::vector<std::vector<float>> propensities(float unsteered) const;

 private:
  struct SteeredRow {
    std::size_t source;
    std::size_t intervention;
    std::span<const float> vector;
    float propensity = 0;
  };

  void add_source(std::size_t source, const InputRepresentation& input);

  const SweepPlan* plan_;
  std::vector<std::vector<float>> vectors_;  // what the rows point to
  std::vector<SteeredRow> rows_;
  std::size_t added_ = 0;
  std::size_t taken_ = 0;
};

/// logit(+) - logit(-) of a row that wanted logits.
[[nodiscard]] float propensity(const Decoded& decoded, std::size_t row);

}  // namespace w2s
