#include "w2s/generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "w2s/base.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

constexpr float largest_scale = 10000;
// Squares of such numbers, summed over any model's width in a norm, are still finite.
constexpr float largest_addition = 1e15F;

const NamedSteering& find(std::span<const NamedSteering> loaded, const std::string& name) {
  const auto found = std::ranges::find(loaded, name, &NamedSteering::name);
  if (found != loaded.end()) return *found;
  std::vector<std::string> names;
  for (const auto& steering : loaded) names.push_back(steering.name);
  throw Error(ErrorKind::usage,
              names.empty() ? fmt::format("there is no steering '{}': none is loaded", name)
                            : fmt::format("there is no steering '{}': loaded are {}", name, fmt::join(names, ", ")));
}

void check(const SteeringRequest& request, const NamedSteering& steering, const ModelInfo& model) {
  if (!std::isfinite(request.scale) || std::abs(request.scale) > largest_scale) {
    throw Error(ErrorKind::usage, fmt::format("the scale of '{}' is {}: use {} to {}", request.name, request.scale,
                                              -largest_scale, largest_scale));
  }
  if (request.layer.is_auto()) {
    if (steering.predictor) return;
    throw Error(ErrorKind::usage, fmt::format("'{}' has no layer predictor: name the layer, from 0 to {}", request.name,
                                              model.layers - 1));
  }
  for (const std::size_t layer : request.layer.layers) {
    if (layer < model.layers) continue;
    throw Error(ErrorKind::usage,
                fmt::format("'{}' at layer {}: the model has {}, counted from 0", request.name, layer, model.layers));
  }
  check_fits(*steering.source, model, request.layer.layers);
}

std::vector<float> embed(TextEncoder& encoder, const std::string& text, const std::string& name) {
  if (text.empty())
    throw Error(ErrorKind::usage, fmt::format("'{}' needs the prompt as text for {}", name, encoder.name()));
  return encoder.encode(std::span(&text, 1), {}).front();
}

std::vector<LayerShare> most_likely(const LayerProbabilities& predicted, std::size_t count) {
  return most_likely_shares(predicted.layers, predicted.probabilities, count);
}

void check_length(const Steering& steering, const std::string& name) {
  const auto is_fine = [&](float value) { return std::abs(value * steering.scale) < largest_addition; };
  if (std::ranges::all_of(steering.direction, is_fine)) return;
  throw Error(ErrorKind::vectors,
              fmt::format("'{}' at layer {}: the vector times {} is too long for the model's numbers", name,
                          steering.layer, steering.scale));
}

}  // namespace

PreparedSteering::PreparedSteering(std::span<const SteeringRequest> requests, std::span<const NamedSteering> loaded,
                                   const ModelInfo& model, const std::string& text) {
  for (const auto& request : requests) {
    const auto& steering = find(loaded, request.name);
    check(request, steering, model);
    if (std::ranges::any_of(parts_, [&](const Part& part) { return part.steering == &steering; }))
      throw Error(ErrorKind::usage, fmt::format("steering '{}' is asked for twice", request.name));
    parts_.push_back({.steering = &steering, .request = request});
    needs_.add(steering.source->needs());
    if (!request.layer.is_auto()) continue;
    const auto& predictor = *steering.predictor;
    if (predictor.text_encoder) {
      parts_.back().text_embedding = embed(*predictor.text_encoder, text, request.name);
    } else {
      needs_.add(needs_of({&*predictor.own_layer, 1}));
    }
  }
}

LayerProbabilities PreparedSteering::predict(const Part& part, const PromptReading& reading) {
  const auto& [predictor, own_layer, text_encoder] = *part.steering->predictor;
  const auto& embedding = text_encoder ? part.text_embedding : encoding_of(*own_layer, reading);
  return {.name = part.request.name, .layers = predictor.layers(), .probabilities = predictor.probabilities(embedding)};
}

ResolvedSteering PreparedSteering::resolve(const PromptReading& reading) const {
  ResolvedSteering resolved;
  for (const auto& part : parts_) {
    const auto& [steering, request, text_embedding] = part;
    if (request.layer.is_auto()) resolved.predicted.push_back(predict(part, reading));
    const auto shares = request.layer.is_auto() ? most_likely(resolved.predicted.back(), request.layer.most_likely)
                                                : equal_shares(request.layer.layers);
    for (const auto& [layer, share, confidence] : shares) {
      const float scale = request.scale * share;
      resolved.applied.push_back({.name = request.name, .layer = layer, .scale = scale, .confidence = confidence});
      if (scale == 0 && is_identity_at_zero(steering->operation)) continue;
      resolved.vectors.push_back(steering->source->vector(layer, reading));
      resolved.steerings.push_back(
          {.layer = layer, .scale = scale, .direction = resolved.vectors.back(), .operation = steering->operation});
      check_length(resolved.steerings.back(), request.name);
    }
  }
  return resolved;
}

}  // namespace w2s
