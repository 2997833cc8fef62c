// Reading prompts through llama.cpp, and going on from one in its key-value cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "w2s/decoding.h"

namespace w2s {

/// One prompt at a time. Further rows can share a prompt's batch, or go on from the prompt in batches after it.
class DecoderReader final : public PromptReader {
 public:
  /// `sequences`: how many of the decoder's may go on from a prompt; its answers need 2. The decoder is used, and
  /// cleared, by this reader and whoever goes on from its prompts alone while it lives.
  explicit DecoderReader(Decoder& decoder, std::size_t sequences = 2);

  [[nodiscard]] const Model& model() const noexcept override { return decoder_->model(); }
  [[nodiscard]] std::string_view name() const noexcept override { return "decoder"; }
  [[nodiscard]] std::size_t prompts_at_once() const noexcept override { return 1; }
  void begin_with(std::span<const Token> prefix, const PromptNeeds& needs) override;
  [[nodiscard]] std::vector<PromptReading> read(std::span<const TokenizedSample* const> prompts) override;

  /// Decodes the prefix if it is not there, and returns the rows of the prompt after it and of its answers, for a batch
  /// that may go on with others. The prompt's last row is the first that wants logits. The prompt must stay where it is
  /// until it is left.
  [[nodiscard]] Batch enter(const TokenizedSample& prompt);
  /// The first sequence that none of these rows has for itself.
  [[nodiscard]] std::int32_t first_free_sequence() const noexcept { return needs_.answers ? 2 : 1; }
  /// Afterwards the decoder holds the prompt but for its last token, and only that.
  [[nodiscard]] Decoded decode(const Batch& batch);
  /// What a batch that began with the rows of `enter` shows.
  [[nodiscard]] PromptReading reading(const Decoded& decoded) const;
  /// Afterwards the decoder holds the prefix.
  void leave();

 private:
  using Sums = std::map<std::size_t, std::vector<double>>;  // by layer, over tokens

  [[nodiscard]] Row prompt_row(std::span<const Token> tokens, std::size_t position) const;
  void ensure_prefix();
  void add_mean_captures(Batch& batch) const;
  std::size_t add_to_sums(const Decoded& decoded, std::size_t rows, Sums& sums) const;

  Decoder* decoder_;
  std::int32_t sequences_;
  std::vector<Token> prefix_;
  PromptNeeds needs_;
  bool holds_prefix_ = false;
  Sums prefix_sums_;  // where means are needed
  const TokenizedSample* prompt_ = nullptr;
};

}  // namespace w2s
