#include "sweep/rows_executor.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace w2s {
namespace {

// Rows on their way through batches.
class RowsInTurn {
 public:
  RowsInTurn(const TokenizedSample& prompt, SteeredRows& rows) : prompt_(&prompt), rows_(&rows.rows()) {}

  /// Appends up to `room` of those that wait to a batch, each a sequence of its own from `first_sequence` on.
  void add_to(Batch& batch, std::size_t room, std::int32_t first_sequence) {
    const std::size_t end = std::min(added_ + room, rows_->size());
    for (auto sequence = first_sequence; added_ < end; ++added_, ++sequence) {
      for (const auto& steering : (*rows_)[added_].steerings)
        batch.edits.push_back({.row = batch.rows.size(), .steering = steering});
      batch.rows.push_back({.token = prompt_->prompt.back(),
                            .position = static_cast<std::int32_t>(prompt_->prompt.size() - 1),
                            .sequence = sequence,
                            .wants_logits = true});
    }
  }

  /// Takes the propensities of the rows that were added last, which begin at the decoded row `first_row`.
  void take(const Decoded& decoded, std::size_t first_row) {
    for (std::size_t row = first_row; taken_ < added_; ++taken_, ++row) {
      const auto logits = decoded.row_logits(row);
      (*rows_)[taken_].propensity = logits[0] - logits[1];
    }
  }

  [[nodiscard]] bool all_taken() const noexcept { return taken_ == rows_->size(); }

 private:
  const TokenizedSample* prompt_;
  std::vector<SteeredRow>* rows_;
  std::size_t added_ = 0;
  std::size_t taken_ = 0;
};

}  // namespace

std::size_t RowsExecutor::rows_at_once() const noexcept {
  const std::size_t sequences = decoder_->options().sequences;
  return row_limit_ == 0 ? sequences : std::clamp<std::size_t>(row_limit_, 2, sequences);
}

SweepOutcome RowsExecutor::run(const SweepPlan& plan) {
  reader_.begin_with(prefix_of(plan), needs_of(plan));
  SteeredRows rows(plan);
  RowsInTurn waiting(*plan.sample, rows);
  if (!plan.choose) rows.add_independent();

  auto batch = reader_.enter(*plan.sample);
  const auto first_free = reader_.first_free_sequence();
  waiting.add_to(batch, rows_at_once() - static_cast<std::size_t>(first_free), first_free);
  const auto read = reader_.decode(batch);
  waiting.take(read, 1);
  const auto reading = reader_.reading(read);
  SweepOutcome outcome{.unsteered = reading.propensity, .encodings = encodings_of(plan, reading)};
  if (plan.choose) {
    rows.choose(plan.choose(outcome.encodings));
    rows.add_independent();
  }
  rows.add_dependent(reading);
  while (!waiting.all_taken()) {
    Batch next{.scored = batch.scored};
    waiting.add_to(next, rows_at_once(), 0);
    waiting.take(reader_.decode(next), 0);
  }
  reader_.leave();
  outcome.steered = rows.propensities(outcome.unsteered);
  return outcome;
}

}  // namespace w2s
