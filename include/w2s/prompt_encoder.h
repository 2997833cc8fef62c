// Prompt encoders: what the layer predictor sees of a prompt. These ones are the model's own layers.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/prompt_reading.h"

namespace w2s {

enum class Pooling { last, mean };

/// The residual stream after a layer of the steered model itself: at the steered token, or the mean over the prompt's
/// tokens. Costs nothing at inference: the prompt is decoded anyway, and only its last token is decoded again, steered.
struct PromptEncoder {
  std::size_t layer = 0;  ///< 0-based
  Pooling pooling = Pooling::last;

  auto operator<=>(const PromptEncoder&) const = default;
};

/// "first-last" and "first-mean" (the paper's: layer 0), else "layer<K>-last" or "layer<K>-mean".
[[nodiscard]] std::string to_string(const PromptEncoder& encoder);

/// The inverse; also "middle-last" and "middle-mean" for layer `layers / 2`. Throws Error{usage} that says which names
/// exist and, for a layer that the model does not have, how many it has.
[[nodiscard]] PromptEncoder parse_prompt_encoder(std::string_view name, std::size_t layers);

/// What must be read of a prompt for some encoders.
[[nodiscard]] PromptNeeds needs_of(std::span<const PromptEncoder> encoders);

/// What an encoder sees of a prompt, [width], not normalised.
[[nodiscard]] const std::vector<float>& encoding_of(const PromptEncoder& encoder, const PromptReading& reading);

/// What a sweep records unless told otherwise: last and mean of layer 0 (the paper's) and of layers at a quarter, a
/// third, a half, two thirds and three quarters of the depth.
[[nodiscard]] std::vector<PromptEncoder> default_prompt_encoders(std::size_t layers);

/// Scales to unit length; a zero vector stays as it is.
void normalize(std::vector<float>& embedding);

}  // namespace w2s
