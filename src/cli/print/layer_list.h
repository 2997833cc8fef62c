// Layers as a person and --layers write them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "w2s/vectors.h"

namespace w2s::cli {

/// Ascending layers, for instance "0,3-7"; "none" for none.
[[nodiscard]] std::string layer_list(std::span<const std::size_t> layers);

/// The layers whose vector is not zero, ascending.
[[nodiscard]] std::vector<std::size_t> layers_with_a_vector(const VectorSource& source);

}  // namespace w2s::cli
