// A sample as the engine sees it: the tokens up to the steered one, and the two tokens scored after it.
#pragma once

#include <span>
#include <vector>

#include "w2s/dataset.h"
#include "w2s/model.h"
#include "w2s/prompt_variant.h"

namespace w2s {

struct TokenizedSample {
  std::vector<Token> prompt = {};  ///< up to and including the steered token
  Token chosen = 0;                ///< the positive answer's first token of its own
  Token rejected = 0;
};

/// Appends each answer to the prompt's text and tokenises the whole as one string, so that merges across the border
/// happen as the model knows them. What both have in common is the prompt, its last token is the steered one; for MWE
/// that is the "(" of " (A)" and " (B)" (steering-bench skips the first answer token for this reason). Throws
/// Error{data} that names the sample if the answers end up with the same tokens or one is the other's beginning.
[[nodiscard]] TokenizedSample tokenize_sample(const Model& model, const Behavior& behavior, const Sample& sample,
                                              PromptVariant variant = PromptVariant::base);

/// How many tokens all prompts begin with in common, short of any prompt's last: what is decoded once for all.
[[nodiscard]] std::size_t common_prefix_length(std::span<const TokenizedSample> samples);

}  // namespace w2s
