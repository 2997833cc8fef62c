// Samples as the engine sees them.
#pragma once

#include <cstddef>
#include <span>

#include "w2s/dataset.h"
#include "w2s/model.h"
#include "w2s/prompt_reading.h"
#include "w2s/prompt_variant.h"

namespace w2s {

/// Appends each answer to the prompt's text and tokenises the whole as one string, so that merges across the border
/// happen as the model knows them. What both have in common is the prompt, its last token is the steered one; for MWE
/// that is the "(" of " (A)" and " (B)" (steering-bench skips the first answer token for this reason). Throws
/// Error{data} that names the sample if the answers end up with the same tokens or one is the other's beginning.
[[nodiscard]] TokenizedSample tokenize_sample(const Model& model, const Behavior& behavior, const Sample& sample,
                                              PromptVariant variant = PromptVariant::base);

/// How many tokens all prompts begin with in common, short of any prompt's last: what is decoded once for all.
[[nodiscard]] std::size_t common_prefix_length(std::span<const TokenizedSample> samples);

}  // namespace w2s
