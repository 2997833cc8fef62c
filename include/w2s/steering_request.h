// What a request asks to be steered by, and what that becomes for its prompt.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "w2s/layer_choice.h"
#include "w2s/named_steering.h"
#include "w2s/prompt_reading.h"
#include "w2s/steering_operator.h"

namespace w2s {

/// One of the loaded steerings. Several layers share the scale, so that it means the same for one layer and for many:
/// named ones equally, the predictor's most likely ones in proportion to their probabilities.
struct SteeringRequest {
  std::string name;
  float scale = 1;
  LayerChoice layer = {};
};

/// What is done at one layer.
struct AppliedSteering {
  std::string name;
  std::size_t layer = 0;
  float scale = 0;                       ///< this layer's share
  std::optional<float> confidence = {};  ///< the predictor's probability of this layer; absent where it was named

  bool operator==(const AppliedSteering&) const = default;
};

/// What a predictor said of a prompt.
struct LayerProbabilities {
  std::string name;                  ///< of the steering
  std::vector<std::size_t> layers;   ///< those it chooses among, ascending
  std::vector<float> probabilities;  ///< [layers]
};

/// What a prompt is steered by. Can be moved, not copied: its steerings point to its vectors.
struct ResolvedSteering {
  std::vector<std::vector<float>> vectors = {};
  std::vector<Steering> steerings = {};  ///< without those that change nothing
  std::vector<AppliedSteering> applied = {};
  std::vector<LayerProbabilities> predicted = {};

  ResolvedSteering() = default;
  ResolvedSteering(const ResolvedSteering&) = delete;
  ResolvedSteering(ResolvedSteering&&) = default;
  ResolvedSteering& operator=(const ResolvedSteering&) = delete;
  ResolvedSteering& operator=(ResolvedSteering&&) = default;
  ~ResolvedSteering() = default;
};

/// A request's steering, checked against what is loaded; ready for the moment when its prompt has been read.
class PreparedSteering {
 public:
  PreparedSteering() = default;
  /// `text` is the prompt as embedding models read it (see plain_text); they embed it here, which takes their
  /// time. Refers to `loaded`. Throws Error{usage} for a name that is not loaded (and lists those that are), one named
  /// twice, a scale that is not finite or beyond 10000, a layer out of range, "auto" without a predictor, or an empty
  /// text for an embedding model; Error{vectors} for a layer without a vector.
  PreparedSteering(std::span<const SteeringRequest> requests, std::span<const NamedSteering> loaded,
                   const ModelInfo& model, const std::string& text);

  /// What must be read of the prompt before the steering can be resolved.
  [[nodiscard]] const PromptNeeds& needs() const noexcept { return needs_; }

  /// `reading` holds what `needs` asks for. Throws Error{vectors} where scale times vector is too long for the model's
  /// numbers to stay finite.
  [[nodiscard]] ResolvedSteering resolve(const PromptReading& reading) const;

 private:
  struct Part {
    const NamedSteering* steering = nullptr;
    SteeringRequest request;
    std::vector<float> text_embedding = {};  // of predictors that see prompts through an embedding model
  };

  [[nodiscard]] static LayerProbabilities predict(const Part& part, const PromptReading& reading);

  std::vector<Part> parts_;
  PromptNeeds needs_;
};

}  // namespace w2s
