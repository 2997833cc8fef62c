#include <algorithm>
#include <utility>
#include <vector>

#include "w2s/sweep_executor.h"

namespace w2s {
namespace {

Row prompt_row(const SweepPlan& plan, std::size_t index, std::size_t sequences) {
  return {.token = plan.sample->prompt[index],
          .position = static_cast<std::int32_t>(index),
          .sequence = 0,
          .sequences = static_cast<std::int32_t>(sequences)};
}

// Captures that an encoder needs of a stretch of prompt rows, all of them for a mean.
void add_mean_captures(Batch& batch, const std::vector<PromptEncoder>& encoders, std::size_t first_row,
                       std::size_t rows) {
  for (const auto& encoder : encoders) {
    if (encoder.pooling != Pooling::mean) continue;
    for (std::size_t row = first_row; row < first_row + rows; ++row) batch.captures.push_back({row, encoder.layer});
  }
}

// Adds what add_mean_captures asked for to the sums, in the same order, from capture number `capture` on. Returns the
// number of the first capture after them.
std::size_t add_to_sums(const Decoded& decoded, const std::vector<PromptEncoder>& encoders, std::size_t rows,
                        std::size_t capture, std::vector<std::vector<double>>& sums) {
  for (std::size_t e = 0; e < encoders.size(); ++e) {
    if (encoders[e].pooling != Pooling::mean) continue;
    for (std::size_t row = 0; row < rows; ++row) {
      const auto values = decoded.capture(capture++);
      for (std::size_t i = 0; i < values.size(); ++i) sums[e][i] += static_cast<double>(values[i]);
    }
  }
  return capture;
}

Row steered_row(const SweepPlan& plan, std::int32_t sequence) {
  return {.token = plan.sample->prompt.back(),
          .position = static_cast<std::int32_t>(plan.sample->prompt.size() - 1),
          .sequence = sequence,
          .wants_logits = true};
}

// The steered token as it is, with all representations the encoders need of it and of the prompt rows before it.
void add_unsteered_row(const SweepPlan& plan, Batch& batch) {
  const std::size_t row = batch.rows.size();
  batch.rows.push_back(steered_row(plan, 0));
  add_mean_captures(batch, plan.encoders, 0, row + 1);
  for (const auto& encoder : plan.encoders)
    if (encoder.pooling == Pooling::last) batch.captures.push_back({row, encoder.layer});
}

// Up to `room` interventions from number `next` on, each a sequence of its own. Returns the number of the next one.
std::size_t add_steered_rows(const SweepPlan& plan, std::size_t next, std::size_t room, std::int32_t first_sequence,
                             Batch& batch) {
  const std::size_t end = std::min(next + room, plan.interventions.size());
  for (auto sequence = first_sequence; next < end; ++next, ++sequence) {
    const auto& intervention = plan.interventions[next];
    batch.edits.push_back({.row = batch.rows.size(),
                           .layer = intervention.layer,
                           .scale = intervention.multiplier,
                           .direction = plan.vectors->direction(intervention.layer)});
    batch.rows.push_back(steered_row(plan, sequence));
  }
  return end;
}

float propensity(const Decoded& decoded, std::size_t row) {
  const auto logits = decoded.row_logits(row);
  return logits[0] - logits[1];
}

void append_propensities(const Decoded& decoded, std::size_t first_row, std::vector<float>& propensities) {
  const std::size_t rows = decoded.logits.size() / decoded.scored;
  for (std::size_t row = first_row; row < rows; ++row) propensities.push_back(propensity(decoded, row));
}

}  // namespace

void SharedPrefixExecutor::ensure_prefix(const SweepPlan& plan) {
  const auto prefix = std::span(plan.sample->prompt).first(plan.shared_prefix);
  if (holds_prefix_ && std::ranges::equal(prefix, prefix_) && prefix_encoders_ == plan.encoders) return;

  decoder_->clear();
  holds_prefix_ = false;
  prefix_sums_.assign(plan.encoders.size(), std::vector<double>(decoder_->model().info().width, 0.0));
  Batch batch;
  for (std::size_t i = 0; i < prefix.size(); ++i)
    batch.rows.push_back(prompt_row(plan, i, decoder_->options().sequences));
  add_mean_captures(batch, plan.encoders, 0, prefix.size());
  batch.scored = {plan.sample->chosen};
  if (!prefix.empty())
    static_cast<void>(add_to_sums(decoder_->decode(batch), plan.encoders, prefix.size(), 0, prefix_sums_));
  prefix_.assign(prefix.begin(), prefix.end());
  prefix_encoders_ = plan.encoders;
  holds_prefix_ = true;
}

SweepOutcome SharedPrefixExecutor::run(const SweepPlan& plan) {
  ensure_prefix(plan);
  holds_prefix_ = false;  // until this run is through: an error in it leaves the decoder in between
  const auto steered_position = static_cast<std::int32_t>(plan.sample->prompt.size() - 1);
  const std::size_t sequences = decoder_->options().sequences;
  const std::size_t rows_at_once = row_limit_ == 0 ? sequences : std::clamp<std::size_t>(row_limit_, 2, sequences);

  Batch batch;
  for (std::size_t i = plan.shared_prefix; i + 1 < plan.sample->prompt.size(); ++i)
    batch.rows.push_back(prompt_row(plan, i, sequences));
  const std::size_t own_rows = batch.rows.size();
  add_unsteered_row(plan, batch);
  std::size_t next = add_steered_rows(plan, 0, rows_at_once - 1, 1, batch);
  auto decoded = decode_and_forget(batch, plan, steered_position);

  SweepOutcome outcome;
  outcome.unsteered = propensity(decoded, 0);
  outcome.encodings = encodings(plan, decoded, own_rows + 1);
  append_propensities(decoded, 1, outcome.steered);
  while (next < plan.interventions.size()) {
    batch = Batch{};
    next = add_steered_rows(plan, next, rows_at_once, 0, batch);
    decoded = decode_and_forget(batch, plan, steered_position);
    append_propensities(decoded, 0, outcome.steered);
  }
  decoder_->forget_from(static_cast<std::int32_t>(plan.shared_prefix));
  holds_prefix_ = true;
  return outcome;
}

Decoded SharedPrefixExecutor::decode_and_forget(Batch& batch, const SweepPlan& plan, std::int32_t steered_position) {
  batch.scored = {plan.sample->chosen, plan.sample->rejected};
  auto decoded = decoder_->decode(batch);
  decoder_->forget_from(steered_position);
  return decoded;
}

std::vector<std::vector<float>> SharedPrefixExecutor::encodings(const SweepPlan& plan, const Decoded& decoded,
                                                                std::size_t own_rows) const {
  auto sums = prefix_sums_;
  std::size_t capture = add_to_sums(decoded, plan.encoders, own_rows, 0, sums);
  std::vector<std::vector<float>> encodings;
  for (std::size_t e = 0; e < plan.encoders.size(); ++e) {
    if (plan.encoders[e].pooling == Pooling::last) {
      const auto values = decoded.capture(capture++);
      encodings.emplace_back(values.begin(), values.end());
      continue;
    }
    auto& encoding = encodings.emplace_back();
    const auto tokens = static_cast<double>(plan.sample->prompt.size());
    for (const double sum : sums[e]) encoding.push_back(static_cast<float>(sum / tokens));
  }
  return encodings;
}

}  // namespace w2s
