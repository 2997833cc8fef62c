// Options of the commands that generate: what steers, and how tokens are chosen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "w2s/generation_engine.h"
#include "w2s/named_steering.h"
#include "w2s/sampler.h"
#include "w2s/steering_request.h"

namespace w2s::cli {

struct SteeringArguments {
  std::vector<std::string> steer;
  std::vector<std::string> scales;
  std::vector<std::string> layers;
  std::vector<std::string> encoders;

  void add_to(CommandLine& line);
  /// Only what is loaded, for a command whose users say later how to steer.
  void add_sources_to(CommandLine& line);
  /// What each --steer asks for: its own --scale and --layer in order, or the only one. Throws Error{usage} if their
  /// numbers do not fit together.
  [[nodiscard]] std::vector<SteeringRequest> requests() const;
  /// Throws what load_steerings does.
  [[nodiscard]] std::vector<NamedSteering> load(const Model& model, int threads, int gpu_layers) const;
};

/// A number as --scale takes it. Throws Error{usage}.
[[nodiscard]] float parse_scale(const std::string& text);

struct SamplingArguments {
  SamplingOptions options;
  std::vector<std::string> logit_bias;

  void add_to(CommandLine& line);
  /// Throws Error{usage} for a seed that llama.cpp has no room for or a bias that is none.
  [[nodiscard]] SamplingOptions with_seed(std::uint64_t seed) const;
};

/// "positive: layer 20, of which the predictor is 63% sure; scale 1.5".
[[nodiscard]] std::string describe(const AppliedSteering& applied);

}  // namespace w2s::cli
