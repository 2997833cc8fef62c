// What the files of all tools come down to: one direction for each of some layers.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace w2s::vectors {

struct LayerDirections {
  std::string method = {};              ///< how they were made; empty if the file does not say
  std::string model_architecture = {};  ///< empty if the file does not say
  std::map<std::size_t, std::vector<float>> by_layer = {};
};

/// A layer's number in decimal digits; nothing for any other text.
[[nodiscard]] std::optional<std::size_t> parse_layer(std::string_view digits);

/// The number in "direction.<l>"; nothing for any other name.
[[nodiscard]] std::optional<std::size_t> layer_of_direction(std::string_view name);

/// Throws Error{vectors} if there is one for this layer already.
void add_direction(LayerDirections& directions, std::size_t layer, std::vector<float> values);

}  // namespace w2s::vectors
