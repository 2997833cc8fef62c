// Options of the commands that generate: what steers, and how tokens are chosen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "w2s/decoding.h"
#include "w2s/generation.h"
#include "w2s/option.h"
#include "w2s/results.h"

namespace w2s::cli {

struct SteeringArguments {
  std::vector<SteeringPath> steer;
  std::vector<float> scales;
  std::vector<LayerChoice> layers;
  std::vector<EncoderChoice> encoders;

  [[nodiscard]] Options options();
  /// Only what is loaded, for a command whose users say later how to steer.
  [[nodiscard]] Options options_of_sources();
  /// What each --steer asks for: its own --scale and --layer in order, or the only one. Throws Error{usage} if their
  /// numbers do not fit together.
  [[nodiscard]] std::vector<SteeringRequest> requests() const;
  /// Throws what load_steerings does.
  [[nodiscard]] std::vector<NamedSteering> load(const Model& model, int threads, int gpu_layers) const;
};

/// A number as --scale takes it. Throws Error{usage}.
[[nodiscard]] float parse_scale(const std::string& text);

/// A list of strengths.
[[nodiscard]] ValueType<float> scale_type();

/// All but the seed.
[[nodiscard]] Options sampling_options(SamplingOptions& options);
/// As large as llama.cpp has room for.
[[nodiscard]] Option sampling_seed_option(std::uint32_t& seed);

/// "positive: layer 20, of which the predictor is 63% sure; scale 1.5".
[[nodiscard]] std::string describe(const AppliedSteering& applied);

}  // namespace w2s::cli
