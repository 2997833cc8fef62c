// What can be read of a prompt on its way through a model, unsteered: what must be, and what was.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "w2s/model.h"

namespace w2s {

/// A prompt up to the steered token, and the two tokens that are scored after it.
struct TokenizedSample {
  std::vector<Token> prompt = {};  ///< up to and including the steered token
  Token chosen = 0;                ///< the positive answer's first token of its own
  Token rejected = 0;

  auto operator<=>(const TokenizedSample&) const = default;
};

/// What must be read of a prompt. Its unsteered propensity always is.
struct PromptNeeds {
  std::set<std::size_t> last = {};   ///< the steered token's residual stream after these layers
  std::set<std::size_t> means = {};  ///< the mean over the prompt's tokens after these layers
  bool answers = false;              ///< the difference between its own two answers

  [[nodiscard]] bool empty() const noexcept { return last.empty() && means.empty() && !answers; }
  void add(const PromptNeeds& other);
  bool operator==(const PromptNeeds&) const = default;
};

/// What was read of a prompt: at least what was needed.
struct PromptReading {
  std::map<std::size_t, std::vector<float>> last = {};   ///< h_l at the steered token by layer, each [width]
  std::map<std::size_t, std::vector<float>> means = {};  ///< by layer, each [width]
  std::vector<float> difference = {};                    ///< [layers][width]: h_l(+) - h_l(-); empty if not read
  float propensity = 0;                                  ///< logit(+) - logit(-)
};

}  // namespace w2s
