#include "serve/protocol/steering_field.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "w2s/base.h"
#include "w2s/generation.h"

namespace w2s::serve {
namespace {

constexpr double largest_scale = 10000;
constexpr std::size_t most_layers = 1024;
constexpr std::int64_t last_layer = 65535;

void check_names(const JsonValue& object, std::span<const std::string_view> known) {
  object.check_is_object();
  for (const auto& entry : object.value().items()) {
    if (std::ranges::find(known, entry.key()) == known.end())
      object.fail(fmt::format("has no field {}: use {}", quote(entry.key()), fmt::join(known, ", ")));
  }
}

std::size_t parse_layer(const JsonValue& layer) { return static_cast<std::size_t>(layer.integer(0, last_layer)); }

// Of text, only what asks for the predictor: layers are numbers.
LayerChoice parse_auto(const JsonValue& layer) {
  const auto& text = layer.text(64);
  try {
    auto choice = parse_layer_choice(text);
    if (choice.is_auto()) return choice;
  } catch (const Error&) {  // told below, in JSON's terms
  }
  layer.fail(fmt::format("is {}: use \"auto\", \"auto:K\", a layer counted from 0, or a list of layers", quote(text)));
}

LayerChoice parse_layers(const JsonValue& layer) {
  if (layer.value().is_number()) return choose_layers({parse_layer(layer)});
  if (layer.value().is_string()) return parse_auto(layer);
  if (!layer.value().is_array())
    layer.fail(fmt::format("must be \"auto\", a number or a list of numbers, not {}", layer.value().type_name()));
  std::vector<std::size_t> layers;
  for (std::size_t i = 0, count = layer.length(most_layers); i < count; ++i) layers.push_back(parse_layer(layer[i]));
  try {
    return choose_layers(std::move(layers));
  } catch (const Error& error) {
    layer.fail(fmt::format("is no list of layers: {}", error.what()));
  }
}

SteeringRequest parse_vector(const JsonValue& vector, const RequestLimits& limits) {
  static constexpr std::array<std::string_view, 3> names = {"name", "scale", "layer"};
  check_names(vector, names);
  SteeringRequest request{.name = vector.require("name").text(limits.name_bytes)};
  if (const auto scale = vector.find("scale"))
    request.scale = static_cast<float>(scale->number(-largest_scale, largest_scale));
  if (const auto layer = vector.find("layer")) request.layer = parse_layers(*layer);
  return request;
}

}  // namespace

std::vector<SteeringRequest> parse_steering(const JsonValue& steering, const RequestLimits& limits) {
  static constexpr std::array<std::string_view, 1> names = {"vectors"};
  check_names(steering, names);
  const auto vectors = steering.require("vectors");
  std::vector<SteeringRequest> requests;
  for (std::size_t i = 0, count = vectors.length(limits.steerings); i < count; ++i) {
    auto request = parse_vector(vectors[i], limits);
    if (std::ranges::find(requests, request.name, &SteeringRequest::name) != requests.end())
      vectors[i].require("name").fail(fmt::format("is {} a second time", quote(request.name)));
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace w2s::serve
