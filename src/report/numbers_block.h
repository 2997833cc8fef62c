// Propensities and probabilities of all samples as bytes.
#pragma once

#include <span>
#include <string>

#include "w2s/sweep.h"

namespace w2s::report {

/// Little-endian F32 base[samples]; then, of int16 differences [samples][layers][multipliers], all high bytes and then
/// all low bytes, which compresses better than pairs of them; then U8 probabilities, 255 standing for 1. A propensity
/// is base[sample] + difference * step. The base is the sample's propensity at its first layer and the multiplier
/// nearest to 0.
struct NumbersBlock {
  std::string bytes;
  double step = 1;  ///< in logits; propensities are off by half of it at most
};

/// `propensity` is [samples], all of one shape. `probabilities` are between 0 and 1.
[[nodiscard]] NumbersBlock numbers_block(std::span<const PropensityMap> propensity, std::span<const float> multipliers,
                                         std::span<const float> probabilities);

}  // namespace w2s::report
