// Directions as arrays in an .npz archive, which numpy.load reads without pickle.
#pragma once

#include <string>
#include <string_view>

#include "vectors/layer_directions.h"

namespace w2s::vectors {

/// Layers 0, 1, 2, ..., all of one width.
[[nodiscard]] std::string npz_of(const LayerDirections& directions);

/// Throws Error{vectors}.
[[nodiscard]] LayerDirections directions_of_npz(std::string_view bytes);

}  // namespace w2s::vectors
