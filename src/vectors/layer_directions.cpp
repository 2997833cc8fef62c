#include "vectors/layer_directions.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "w2s/base.h"

namespace w2s::vectors {

std::optional<std::size_t> parse_layer(std::string_view digits) {
  std::size_t layer = 0;
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, layer);
  if (error != std::errc() || rest != end) return std::nullopt;
  return layer;
}

std::optional<std::size_t> layer_of_direction(std::string_view name) {
  constexpr std::string_view prefix = "direction.";
  if (!name.starts_with(prefix)) return std::nullopt;
  return parse_layer(name.substr(prefix.size()));
}

void add_direction(LayerDirections& directions, std::size_t layer, std::vector<float> values) {
  if (directions.by_layer.emplace(layer, std::move(values)).second) return;
  throw Error(ErrorKind::vectors, fmt::format("has two directions for layer {}", layer));
}

}  // namespace w2s::vectors
