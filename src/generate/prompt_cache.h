// Which tokens each sequence of a decoder holds, and which of them other prompts may build on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "w2s/decoding.h"

namespace w2s {

/// A token's keys and values in the decoder, which several sequences may share.
struct CachedToken {
  Token token = 0;
  std::map<std::size_t, std::vector<float>> states = {};  ///< the residual stream by layer, where it was read
};

/// The books of a decoder's key-value cache. A sequence begins with clean tokens: prompt tokens that were not steered
/// and see no steered one, which is what makes them the same for every prompt that begins with them.
class PromptCache {
 public:
  explicit PromptCache(Decoder& decoder) : decoder_(&decoder), sequences_(decoder.options().sequences) {}

  [[nodiscard]] std::size_t sequences() const { return sequences_.size(); }
  [[nodiscard]] std::size_t capacity() const { return decoder_->options().context; }
  /// Tokens of a sequence.
  [[nodiscard]] std::size_t length(std::size_t sequence) const { return sequences_[sequence].tokens.size(); }
  [[nodiscard]] std::size_t clean_length(std::size_t sequence) const { return sequences_[sequence].clean; }
  [[nodiscard]] const CachedToken& token(std::size_t sequence, std::size_t position) const {
    return *sequences_[sequence].tokens[position];
  }
  /// Cells that any sequence uses.
  [[nodiscard]] std::size_t used() const { return used_; }
  /// Cells that at least one of these sequences uses.
  [[nodiscard]] std::size_t used_by(std::span<const std::size_t> sequences) const;

  /// How many clean tokens of a sequence are those that `prompt` begins with.
  [[nodiscard]] std::size_t common_prefix(std::size_t sequence, std::span<const Token> prompt) const;

  /// A token that the decoder has added to a sequence. It counts as clean only after clean tokens.
  void append(std::size_t sequence, CachedToken token, bool is_clean);
  /// Keeps the first `length` tokens.
  void truncate(std::size_t sequence, std::size_t length);
  /// Gives sequence `to` the clean tokens of `from` from its own length on, up to `length`.
  void share(std::size_t from, std::size_t to, std::size_t length);
  /// Empties the decoder, after a failure.
  void wipe();

 private:
  struct Sequence {
    std::vector<std::shared_ptr<const CachedToken>> tokens;
    std::size_t clean = 0;
  };

  Decoder* decoder_;
  std::vector<Sequence> sequences_;
  std::size_t used_ = 0;
};

}  // namespace w2s
