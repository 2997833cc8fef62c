// Steering vectors that were loaded under a name, with the predictor that says where to add them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/encoder_choice.h"
#include "w2s/layer_predictor.h"
#include "w2s/model.h"
#include "w2s/prompt_encoder.h"
#include "w2s/steering_operator.h"
#include "w2s/text_encoder.h"
#include "w2s/vector_source.h"

namespace w2s {

/// A layer predictor and what it sees of a prompt: one of a layer of the model itself and an embedding model.
struct PromptLayerPredictor {
  LayerPredictor predictor;
  std::optional<PromptEncoder> own_layer = {};
  std::shared_ptr<TextEncoder> text_encoder = {};
};

struct NamedSteering {
  std::string name;
  std::shared_ptr<const VectorSource> source;
  SteeringOperator operation = SteeringOperator::add;
  std::optional<PromptLayerPredictor> predictor = {};  ///< absent: requests must name layers
  std::optional<std::size_t> fixed_layer = {};         ///< the best fixed layer of the samples it was fitted on
};

/// What `--steer` names.
struct SteeringPath {
  std::string name;
  std::filesystem::path path;
};

/// "NAME=PATH". Throws Error{usage} for a part that is missing.
[[nodiscard]] SteeringPath parse_steering_path(std::string_view text);

struct SteeringLoadOptions {
  /// The embedding models that predictors see prompts through: a predictor's file says which one it needs, not where it
  /// is.
  std::vector<EncoderChoice> encoders = {};
  int threads = 0;      ///< of embedding models; 0: one a core
  int gpu_layers = -1;  ///< of embedding models; as in ModelOptions
};

/// Loads behaviours of results folders (DIR/<behavior>: vectors.gguf, and predictor.gguf with the operator; where that
/// does not name it, sweep.sqlite does) and vectors files alone, which have no predictor. Everything is checked against
/// the model. Throws Error{usage} for two of one name or an embedding model that was not named, Error{vectors},
/// Error{predictor} and Error{results} with the file's name for what cannot be read, does not fit the model, or needs
/// an input's own answers (oracle vectors).
[[nodiscard]] std::vector<NamedSteering> load_steerings(std::span<const SteeringPath> paths, const Model& model,
                                                        const SteeringLoadOptions& options = {});

}  // namespace w2s
