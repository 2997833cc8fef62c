#include "engine/reading/decoder_reader.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "w2s/base.h"

namespace w2s {

DecoderReader::DecoderReader(Decoder& decoder, std::size_t sequences)
    : decoder_(&decoder), sequences_(static_cast<std::int32_t>(sequences)) {}

void DecoderReader::begin_with(std::span<const Token> prefix, const PromptNeeds& needs) {
  if (!std::ranges::equal(prefix, prefix_) || needs.means != needs_.means) {
    prefix_.assign(prefix.begin(), prefix.end());
    holds_prefix_ = false;
  }
  needs_ = needs;
}

std::vector<PromptReading> DecoderReader::read(std::span<const TokenizedSample* const> prompts) {
  std::vector<PromptReading> readings;
  for (const auto* prompt : prompts) {
    const auto decoded = decode(enter(*prompt));
    readings.push_back(reading(decoded));
    leave();
  }
  return readings;
}

Row DecoderReader::prompt_row(std::span<const Token> tokens, std::size_t position) const {
  return {.token = tokens[position],
          .position = static_cast<std::int32_t>(position),
          .sequence = 0,
          .sequences = sequences_};
}

// Of all rows so far, for the means.
void DecoderReader::add_mean_captures(Batch& batch) const {
  for (const std::size_t layer : needs_.means)
    for (std::size_t row = 0; row < batch.rows.size(); ++row) batch.captures.push_back({.row = row, .layer = layer});
}

// What add_mean_captures asked for of so many rows. Returns the number of the first capture after them.
std::size_t DecoderReader::add_to_sums(const Decoded& decoded, std::size_t rows, Sums& sums) const {
  std::size_t capture = 0;
  for (const std::size_t layer : needs_.means) {
    auto& sum = sums.at(layer);
    for (std::size_t row = 0; row < rows; ++row) {
      const auto values = decoded.capture(capture++);
      for (std::size_t i = 0; i < values.size(); ++i) sum[i] += static_cast<double>(values[i]);
    }
  }
  return capture;
}

void DecoderReader::ensure_prefix() {
  if (holds_prefix_) return;
  decoder_->clear();
  prefix_sums_.clear();
  for (const std::size_t layer : needs_.means) prefix_sums_[layer].resize(model().info().width);
  Batch batch;
  for (std::size_t i = 0; i < prefix_.size(); ++i) batch.rows.push_back(prompt_row(prefix_, i));
  add_mean_captures(batch);
  if (!prefix_.empty()) {
    batch.scored = {prefix_.front()};
    static_cast<void>(add_to_sums(decoder_->decode(batch), prefix_.size(), prefix_sums_));
  }
  holds_prefix_ = true;
}

Batch DecoderReader::enter(const TokenizedSample& prompt) {
  check_goes_on(prompt, prefix_);
  ensure_prefix();
  prompt_ = &prompt;
  holds_prefix_ = false;  // until the prompt is left: an error on the way leaves the decoder in between
  Batch batch;
  batch.scored = {prompt.chosen, prompt.rejected};
  for (std::size_t i = prefix_.size(); i < prompt.prompt.size(); ++i)
    batch.rows.push_back(prompt_row(prompt.prompt, i));
  batch.rows.back().sequences = first_free_sequence();
  batch.rows.back().wants_logits = true;
  add_mean_captures(batch);
  for (const std::size_t layer : needs_.last) batch.captures.push_back({.row = batch.rows.size() - 1, .layer = layer});
  if (!needs_.answers) return batch;
  std::int32_t sequence = 0;
  for (const Token answer : {prompt.chosen, prompt.rejected}) {
    for (std::size_t layer = 0; layer < model().info().layers; ++layer)
      batch.captures.push_back({.row = batch.rows.size(), .layer = layer});
    batch.rows.push_back(
        {.token = answer, .position = static_cast<std::int32_t>(prompt.prompt.size()), .sequence = sequence++});
  }
  return batch;
}

Decoded DecoderReader::decode(const Batch& batch) {
  auto decoded = decoder_->decode(batch);
  decoder_->forget_from(static_cast<std::int32_t>(prompt_->prompt.size() - 1));
  return decoded;
}

PromptReading DecoderReader::reading(const Decoded& decoded) const {
  const auto& prompt = prompt_->prompt;
  PromptReading reading;
  auto sums = prefix_sums_;
  std::size_t capture = add_to_sums(decoded, prompt.size() - prefix_.size(), sums);
  for (const auto& [layer, sum] : sums)
    for (const double value : sum)
      reading.means[layer].push_back(static_cast<float>(value / static_cast<double>(prompt.size())));
  for (const std::size_t layer : needs_.last) {
    const auto values = decoded.capture(capture++);
    reading.last[layer] = {values.begin(), values.end()};
  }
  if (needs_.answers) {
    const std::size_t size = model().info().layers * decoded.width;
    const auto chosen = std::span(decoded.captured).subspan(capture * decoded.width, size);
    const auto rejected = std::span(decoded.captured).subspan(capture * decoded.width + size, size);
    reading.difference.resize(size);
    std::ranges::transform(chosen, rejected, reading.difference.begin(), std::minus<>());
  }
  const auto logits = decoded.row_logits(0);
  reading.propensity = logits[0] - logits[1];
  return reading;
}

void DecoderReader::leave() {
  decoder_->forget_from(static_cast<std::int32_t>(prefix_.size()));
  holds_prefix_ = true;
}

}  // namespace w2s
