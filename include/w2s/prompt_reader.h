// Reading prompts: whatever computes a model, it shows the same of them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "w2s/decoder.h"
#include "w2s/model.h"
#include "w2s/prompt_reading.h"

namespace w2s {

class PromptStateCache;

/// Takes prompts through a model, each with its two answers where those are needed, in one pass. Each thread needs a
/// reader of its own.
class PromptReader {
 public:
  virtual ~PromptReader() = default;

  [[nodiscard]] virtual const Model& model() const noexcept = 0;
  /// Of whatever decides the last digits of what is read, but for the model.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// How many prompts it likes to read together.
  [[nodiscard]] virtual std::size_t prompts_at_once() const noexcept = 0;

  /// From now on the prompts begin with this prefix, which is computed once, when it is first needed.
  virtual void begin_with(std::span<const Token> prefix, const PromptNeeds& needs) = 0;

  /// What is read of a prompt does not depend on those before it and beside it, to the last bit. Throws Error{usage}
  /// for a token that is not in the vocabulary or a prompt that does not begin with the prefix and go on after it,
  /// Error{engine} for numbers that are not finite or a context that is full.
  [[nodiscard]] virtual std::vector<PromptReading> read(std::span<const TokenizedSample* const> prompts) = 0;

 protected:
  static void check_goes_on(const TokenizedSample& prompt, std::span<const Token> prefix);
};

using PromptReaders = std::span<const std::unique_ptr<PromptReader>>;

/// One a decoder, which must outlive it and is used, and cleared, by it alone.
[[nodiscard]] std::vector<std::unique_ptr<PromptReader>> make_prompt_readers(std::span<Decoder> decoders);

/// One a thread (0: one a core), of a model that is computed layer by layer. What they read they leave in the cache, as
/// far as it has room, to whoever goes on from these prompts. Throws Error{model} as LayerwiseModel does.
[[nodiscard]] std::vector<std::unique_ptr<PromptReader>> make_layerwise_readers(const Model& model, int threads,
                                                                                PromptStateCache* cache = nullptr);

/// Of one prompt by itself; nothing is decoded where nothing is needed. Clears the decoder.
[[nodiscard]] PromptReading read_prompt(Decoder& decoder, const TokenizedSample& prompt, const PromptNeeds& needs);

}  // namespace w2s
