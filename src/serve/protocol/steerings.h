// What can be steered with, as clients are told, and whether a request's steering can be done.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "serve/protocol/api_error.h"
#include "w2s/generation.h"

namespace w2s::serve {

struct SteeringEntry {
  std::string name;
  std::string method;               ///< for instance "caa"
  std::vector<std::size_t> layers;  ///< those with a vector, ascending
  bool has_predictor = false;       ///< whether "auto" can be asked for
  std::optional<std::size_t> fixed_layer = {};
};

[[nodiscard]] SteeringEntry to_entry(const NamedSteering& steering);

/// GET /v1/steering/vectors: {"object": "list", "data": [{"object": "steering_vector", "name", "method", "layers",
/// "has_predictor", "fixed_layer"}]}
[[nodiscard]] std::string steerings_json(std::span<const SteeringEntry> entries);

/// Throws ApiError: 404 for a name that is not there, 400 for "auto" without a predictor or a layer without a vector.
/// Its param names the field, for instance "steering.vectors[0].name".
void check_steering(std::span<const SteeringRequest> requests, std::span<const SteeringEntry> entries);

}  // namespace w2s::serve
