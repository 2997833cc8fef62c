// What a layer sweep computes, as a plain value: a prompt, and the interventions tried on its last token.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/layer_shares.h"
#include "w2s/prompt_encoder.h"
#include "w2s/steerability.h"
#include "w2s/steering_operator.h"
#include "w2s/tokenized_sample.h"
#include "w2s/vector_source.h"

namespace w2s {

/// The layers and multipliers of a sweep, and what is done with them.
struct SweepGrid {
  std::vector<std::size_t> layers = {};  ///< ascending, 0-based
  std::vector<float> multipliers = {};   ///< ascending; at least two
  SteeringOperator operation = SteeringOperator::add;

  bool operator==(const SweepGrid&) const = default;
};

/// All layers of a model with steering-bench's multipliers.
[[nodiscard]] SweepGrid full_grid(std::size_t layers);

/// Layers as a person names them, before a model says how many there are.
class LayerList {
 public:
  /// No list: whatever that stands for.
  LayerList() = default;
  /// "0-29", "3,7,11-13". Throws Error{usage} for what is not such a list.
  [[nodiscard]] static LayerList parse(std::string_view text);

  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// Ascending, each once. Throws Error{usage} for a layer from `layers` on.
  [[nodiscard]] std::vector<std::size_t> of_model(std::size_t layers) const;

 private:
  struct Range {
    std::size_t first = 0;
    std::size_t last = 0;
  };
  std::string text_;
  std::vector<Range> ranges_;
};

/// What was asked of a model with so many layers: no list stands for all of them, no multipliers for steering-bench's.
/// Throws what LayerList does.
[[nodiscard]] SweepGrid grid_of(const LayerList& layers, const std::vector<float>& multipliers,
                                SteeringOperator operation, std::size_t model_layers);

/// Of a model with so many layers. Throws what LayerList does.
[[nodiscard]] std::vector<std::size_t> parse_layers(std::string_view text, std::size_t layers);

/// "-1.5,-1,0,1". Throws Error{usage} for fewer than two different numbers.
[[nodiscard]] std::vector<float> parse_multipliers(std::string_view text);

/// One steered row: a source's vector of each of some layers is applied there, at the steered token, by the layer's
/// share of the multiplier.
struct Intervention {
  std::size_t source = 0;  ///< of the plan's
  std::vector<LayerShare> layers = {};
  float multiplier = 0;

  bool operator==(const Intervention&) const = default;
};

/// Chooses interventions by what the encoders saw of the prompt, [encoders][width].
using InterventionChoice = std::function<std::vector<Intervention>(std::span<const std::vector<float>> encodings)>;

/// The same ones whatever the prompt. They become rows only once it is read, so that how many there are does not decide
/// in what batch that is.
[[nodiscard]] InterventionChoice always(std::vector<Intervention> interventions);

/// Everything an executor needs for one sample. All sources share one decode of the prompt.
struct SweepPlan {
  const TokenizedSample* sample = nullptr;
  std::size_t shared_prefix = 0;  ///< leading prompt tokens that every plan of the sweep has in common
  std::vector<Intervention> interventions = {};
  std::vector<const VectorSource*> sources = {};
  SteeringOperator operation = SteeringOperator::add;
  std::vector<PromptEncoder> encoders = {};  ///< representations of the unsteered prompt to read on the way
  InterventionChoice choose = {};            ///< where set, what it returns takes the place of `interventions`
};

/// What an executor found.
struct SweepOutcome {
  float unsteered = 0;                             ///< propensity without intervention
  std::vector<float> steered = {};                 ///< [interventions]: propensities
  std::vector<std::vector<float>> encodings = {};  ///< [encoders][width], not normalised
};

/// The multipliers of a grid that need a row. Where one of 0 changes nothing, the unsteered row stands for it.
[[nodiscard]] std::vector<float> multipliers_to_run(const SweepGrid& grid);

/// The rows that a grid needs with each of some sources: source by source, layer by layer.
[[nodiscard]] std::vector<Intervention> interventions(const SweepGrid& grid, std::size_t sources = 1);

/// Puts what came of the multipliers to run at each layer, or at each set of layers, into the shape of a grid.
[[nodiscard]] PropensityMap propensity_map(const SweepGrid& grid, float unsteered, std::span<const float> steered);

}  // namespace w2s
