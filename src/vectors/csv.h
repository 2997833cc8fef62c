// Directions as a table of text, a line a layer.
#pragma once

#include <string>
#include <string_view>

#include "vectors/layer_directions.h"

namespace w2s::vectors {

/// The shortest digits that read back as the same float.
[[nodiscard]] std::string csv_of(const LayerDirections& directions);

/// Throws Error{vectors} that names the line.
[[nodiscard]] LayerDirections directions_of_csv(std::string_view text);

}  // namespace w2s::vectors
