#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "sweep/steered_rows.h"
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

// The sequences that the two answers continue; where no source asks for them, the unsteered row has one of its own.
constexpr std::int32_t answer_sequences = 2;

std::int32_t unsteered_sequences(const InputNeeds& needs) { return needs.answers ? answer_sequences : 1; }

// The steered token as it is, with all representations the encoders need of it and of the prompt rows before it.
void add_unsteered_row(const SweepPlan& plan, const InputNeeds& needs, Batch& batch) {
  const std::size_t row = batch.rows.size();
  batch.rows.push_back(steered_row(plan, 0));
  batch.rows.back().sequences = unsteered_sequences(needs);
  add_mean_captures(batch, plan.encoders, 0, row + 1);
  for (const auto& encoder : plan.encoders)
    if (encoder.pooling == Pooling::last) batch.captures.push_back({row, encoder.layer});
}

// What the sources need to see, after the captures of the encoders.
void add_needs(const SweepPlan& plan, const InputNeeds& needs, std::size_t layers, Batch& batch) {
  const std::size_t unsteered = batch.rows.size() - 1;
  for (const std::size_t layer : needs.prompt_layers) batch.captures.push_back({unsteered, layer});
  if (!needs.answers) return;
  std::int32_t sequence = 0;
  for (const Token answer : {plan.sample->chosen, plan.sample->rejected}) {
    for (std::size_t layer = 0; layer < layers; ++layer) batch.captures.push_back({batch.rows.size(), layer});
    batch.rows.push_back(
        {.token = answer, .position = static_cast<std::int32_t>(plan.sample->prompt.size()), .sequence = sequence++});
  }
}

// What add_needs asked for, from capture number `capture` on.
InputRepresentation input_of(const Decoded& decoded, const InputNeeds& needs, std::size_t layers, std::size_t capture) {
  InputRepresentation input;
  for (const std::size_t layer : needs.prompt_layers) {
    const auto values = decoded.capture(capture++);
    input.prompt[layer] = {values.begin(), values.end()};
  }
  if (!needs.answers) return input;
  const std::size_t size = layers * decoded.width;
  const auto chosen = std::span(decoded.captured).subspan(capture * decoded.width, size);
  const auto rejected = std::span(decoded.captured).subspan((capture + layers) * decoded.width, size);
  input.difference.resize(size);
  std::ranges::transform(chosen, rejected, input.difference.begin(), std::minus<>());
  return input;
}

std::size_t captures_of_needs(const InputNeeds& needs, std::size_t layers) {
  return needs.prompt_layers.size() + (needs.answers ? 2 * layers : 0);
}

}  // namespace

std::size_t SharedPrefixExecutor::rows_at_once() const noexcept {
  const std::size_t sequences = decoder_->options().sequences;
  return row_limit_ == 0 ? sequences : std::clamp<std::size_t>(row_limit_, 2, sequences);
}

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
  SweepPlan own = plan;   // its interventions may be chosen on the way
  holds_prefix_ = false;  // until this run is through: an error in it leaves the decoder in between
  const std::size_t layers = decoder_->model().info().layers;
  const InputNeeds needs = common_needs(own);
  SteeredRows rows(own);
  if (!own.choose) rows.add_independent();

  Batch batch;
  for (std::size_t i = own.shared_prefix; i + 1 < own.sample->prompt.size(); ++i)
    batch.rows.push_back(prompt_row(own, i, decoder_->options().sequences));
  const std::size_t own_rows = batch.rows.size() + 1;
  add_unsteered_row(own, needs, batch);
  add_needs(own, needs, layers, batch);
  const std::int32_t first_free = unsteered_sequences(needs);
  rows.add_to(batch, rows_at_once() - static_cast<std::size_t>(first_free), first_free);
  auto decoded = decode_and_forget(batch, own);
  rows.take(decoded, 1);

  SweepOutcome outcome;
  outcome.unsteered = propensity(decoded, 0);
  outcome.encodings = encodings(own, decoded, own_rows);
  if (own.choose) {
    own.interventions = own.choose(outcome.encodings);
    rows.add_independent();
  }
  rows.add_input(input_of(decoded, needs, layers, batch.captures.size() - captures_of_needs(needs, layers)));
  while (!rows.all_taken()) {
    batch = Batch{};
    rows.add_to(batch, rows_at_once(), 0);
    decoded = decode_and_forget(batch, own);
    rows.take(decoded, 0);
  }
  outcome.steered = rows.propensities(outcome.unsteered);
  decoder_->forget_from(static_cast<std::int32_t>(own.shared_prefix));
  holds_prefix_ = true;
  return outcome;
}

// Afterwards the decoder holds what comes before the steered token.
Decoded SharedPrefixExecutor::decode_and_forget(Batch& batch, const SweepPlan& plan) {
  batch.scored = {plan.sample->chosen, plan.sample->rejected};
  auto decoded = decoder_->decode(batch);
  decoder_->forget_from(static_cast<std::int32_t>(plan.sample->prompt.size() - 1));
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
