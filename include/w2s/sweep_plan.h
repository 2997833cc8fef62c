// What a layer sweep computes, as a plain value: a prompt, and the interventions tried on its last token.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/prompt_encoder.h"
#include "w2s/steerability.h"
#include "w2s/steering_vectors.h"
#include "w2s/tokenized_sample.h"

namespace w2s {

/// The layers and multipliers of a sweep.
struct SweepGrid {
  std::vector<std::size_t> layers = {};  ///< ascending, 0-based
  std::vector<float> multipliers = {};   ///< ascending; at least two

  bool operator==(const SweepGrid&) const = default;
};

/// All layers of a model with steering-bench's multipliers.
[[nodiscard]] SweepGrid full_grid(std::size_t layers);

/// "0-29", "3,7,11-13". Throws Error{usage} for what is not such a list or names a layer from `layers` on.
[[nodiscard]] std::vector<std::size_t> parse_layers(std::string_view text, std::size_t layers);

/// "-1.5,-1,0,1". Throws Error{usage} for fewer than two different numbers.
[[nodiscard]] std::vector<float> parse_multipliers(std::string_view text);

/// One steered row: `multiplier * direction(layer)` is added at the steered token.
struct Intervention {
  std::size_t layer = 0;
  float multiplier = 0;

  bool operator==(const Intervention&) const = default;
};

/// Everything an executor needs for one sample. Unsteered is one row for all layers: a multiplier of 0 adds nothing.
struct SweepPlan {
  const TokenizedSample* sample = nullptr;
  std::size_t shared_prefix = 0;                 ///< leading prompt tokens that every plan of the sweep has in common
  std::vector<Intervention> interventions = {};  ///< without multiplier 0, layer by layer
  const SteeringVectors* vectors = nullptr;
  std::vector<PromptEncoder> encoders = {};  ///< representations of the unsteered prompt to read on the way
};

/// What an executor found.
struct SweepOutcome {
  float unsteered = 0;                             ///< propensity without intervention
  std::vector<float> steered = {};                 ///< propensity of each intervention
  std::vector<std::vector<float>> encodings = {};  ///< [encoders][width], not normalised
};

/// The rows a grid needs.
[[nodiscard]] std::vector<Intervention> interventions(const SweepGrid& grid);

/// Puts an outcome into the shape of its grid; multiplier 0 has the unsteered propensity at every layer.
[[nodiscard]] PropensityMap propensity_map(const SweepGrid& grid, const SweepOutcome& outcome);

}  // namespace w2s
