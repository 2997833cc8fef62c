#include "serve/protocol/steerings.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "serve/protocol/response_json.h"

namespace w2s::serve {
namespace {

bool has_vector(const VectorSource& source, std::size_t layer) {
  return depends_on_input(source) ||
         std::ranges::any_of(source.vector(layer, {}), [](float value) { return value != 0; });
}

const SteeringEntry& find(std::span<const SteeringEntry> entries, const std::string& name, const std::string& param) {
  const auto found = std::ranges::find(entries, name, &SteeringEntry::name);
  if (found != entries.end()) return *found;
  throw not_found(fmt::format("there is no steering vector '{}': GET /v1/steering/vectors lists what there is", name),
                  param, "steering_vector_not_found");
}

void check_layers(const SteeringRequest& request, const SteeringEntry& entry, const std::string& param) {
  if (request.layer.is_auto()) {
    if (entry.has_predictor) return;
    throw invalid_request(fmt::format("'{}' has no layer predictor: name a layer instead of \"auto\"", entry.name),
                          param);
  }
  for (const std::size_t layer : request.layer.layers) {
    if (std::ranges::binary_search(entry.layers, layer)) continue;
    throw invalid_request(fmt::format("'{}' has no vector at layer {}: it has them at {}", entry.name, layer,
                                      fmt::join(entry.layers, ", ")),
                          param);
  }
}

}  // namespace

SteeringEntry to_entry(const NamedSteering& steering) {
  const auto& source = *steering.source;
  SteeringEntry entry{.name = steering.name,
                      .method = source.info().method,
                      .layers = {},
                      .has_predictor = steering.predictor.has_value(),
                      .fixed_layer = steering.fixed_layer};
  for (std::size_t layer = 0; layer < source.info().layers; ++layer)
    if (has_vector(source, layer)) entry.layers.push_back(layer);
  return entry;
}

std::string steerings_json(std::span<const SteeringEntry> entries) {
  auto data = ResponseJson::array();
  for (const auto& entry : entries) {
    data.push_back({{"object", "steering_vector"},
                    {"name", entry.name},
                    {"method", entry.method},
                    {"layers", entry.layers},
                    {"has_predictor", entry.has_predictor},
                    {"fixed_layer", entry.fixed_layer ? ResponseJson(*entry.fixed_layer) : ResponseJson()}});
  }
  return dump({{"object", "list"}, {"data", std::move(data)}});
}

void check_steering(std::span<const SteeringRequest> requests, std::span<const SteeringEntry> entries) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto param = [&](std::string_view field) { return fmt::format("steering.vectors[{}].{}", i, field); };
    const auto& entry = find(entries, requests[i].name, param("name"));
    check_layers(requests[i], entry, param("layer"));
  }
}

}  // namespace w2s::serve
