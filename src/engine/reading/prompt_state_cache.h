// Prompts as they were left by the pass that read them, for rows that go on from them.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "engine/layerwise_model.h"
#include "w2s/decoding.h"

namespace w2s {

/// What a layer-by-layer pass shows of a prompt, and what rows need to go on from it.
struct PromptState {
  PromptReading reading = {};  ///< with all layers at the steered token
  KeyValues key_values = {};   ///< of all tokens of the prompt
};

/// States of one model's prompts between the pass that reads them and the sweep that goes on from them: as many as fit
/// into some memory, each until it is taken. Threads may share it.
class PromptStateCache {
 public:
  /// `bytes`: of key-values and residual streams that it may hold.
  explicit PromptStateCache(std::size_t bytes) : free_bytes_(bytes) {}

  /// Keeps the state of a prompt whose first `prefix` tokens were computed once for all, unless there is no room for it
  /// or it is there. `needs`: those that it was read by.
  void keep(const TokenizedSample& prompt, std::size_t prefix, const PromptNeeds& needs, PromptState state);

  /// Hands a state over, if it is there and has what is needed.
  [[nodiscard]] std::optional<PromptState> take(const TokenizedSample& prompt, std::size_t prefix,
                                                const PromptNeeds& needs);

 private:
  struct Key {
    TokenizedSample prompt;
    std::size_t prefix;
    std::set<std::size_t> means;
    auto operator<=>(const Key&) const = default;
  };

  std::mutex mutex_;
  std::size_t free_bytes_;
  std::map<Key, PromptState> states_;
};

}  // namespace w2s
