// One generation on its way from prompt to answer; it knows nothing of the others.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/text_stream.h"
#include "w2s/base.h"
#include "w2s/generation.h"

namespace w2s {

class Generation {
 public:
  /// Resolves the steering where nothing must be read for it, and throws then what PreparedSteering::resolve does.
  Generation(GenerationId id, GenerationRequest request, PreparedSteering steering, GenerationSink sink,
             const Model& model);

  [[nodiscard]] GenerationId id() const { return id_; }
  [[nodiscard]] std::span<const Token> prompt() const { return request_.prompt; }
  /// The prompt without its last token, which is never taken from the cache.
  [[nodiscard]] std::span<const Token> reusable_prompt() const { return prompt().first(prompt().size() - 1); }
  /// Cells of the cache that it uses at most. The last token generated is not decoded.
  [[nodiscard]] std::size_t cells() const { return request_.prompt.size() + request_.max_tokens - 1; }

  /// Begins in a sequence of the decoder.
  void begin(std::size_t sequence);
  [[nodiscard]] std::size_t sequence() const { return sequence_; }
  void add_cached(std::size_t tokens) { cached_ += tokens; }

  /// Whether the prompt's last token is to be read before it is steered.
  [[nodiscard]] bool is_reading() const { return !resolved_; }
  [[nodiscard]] const PromptNeeds& needs() const { return steering_.needs(); }
  /// Throws what PreparedSteering::resolve does.
  void resolve(const PromptReading& reading) { resolved_ = steering_.resolve(reading); }
  /// Whether all that is to be read has been read when a layer has been computed.
  [[nodiscard]] bool has_read_all_at(std::size_t layer) const;
  /// Whether it can still be steered then.
  [[nodiscard]] bool can_be_steered_from(std::size_t layer) const;
  [[nodiscard]] std::span<const Steering> steerings() const { return resolved_->steerings; }

  /// Whether the prompt is decoded, and `next` is to be.
  [[nodiscard]] bool is_answering() const { return next_.has_value(); }
  [[nodiscard]] Token next() const { return *next_; }

  /// Samples the next token. Returns the reason if it was the last.
  [[nodiscard]] std::optional<FinishReason> accept(std::span<const float> logits);

  void finish(FinishReason reason, const std::optional<Error>& error = {});
  [[nodiscard]] bool is_finished() const { return is_finished_; }

  /// Asks to be cancelled as soon as that can be done.
  void request_cancel() { is_cancelled_ = true; }
  [[nodiscard]] bool is_cancelled() const { return is_cancelled_; }

 private:
  [[nodiscard]] GeneratedToken describe(Token token, std::span<const float> logits) const;
  [[nodiscard]] std::optional<FinishReason> reason_to_end(Token token) const;
  void emit_started();

  GenerationId id_;
  GenerationRequest request_;
  PreparedSteering steering_;
  GenerationSink sink_;
  Model model_;
  TextStream text_;
  std::optional<ResolvedSteering> resolved_;
  std::optional<Sampler> sampler_;  // from `begin` on: those that wait need none
  std::size_t sequence_ = 0;
  std::size_t cached_ = 0;
  std::size_t tokens_ = 0;
  std::optional<Token> next_;
  bool is_finished_ = false;
  bool is_cancelled_ = false;
};

}  // namespace w2s
