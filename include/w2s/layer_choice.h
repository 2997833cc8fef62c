// Which layers a request is steered at.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace w2s {

/// Either the predictor decides for this input, or layers are named.
struct LayerChoice {
  std::size_t most_likely = 1;           ///< the predictor's so many most likely layers; only where none are named
  std::vector<std::size_t> layers = {};  ///< ascending; empty: the predictor decides

  [[nodiscard]] bool is_auto() const noexcept { return layers.empty(); }
  bool operator==(const LayerChoice&) const = default;
};

/// "auto", "auto:3", "12" or "12,13,14". Throws Error{usage} that lists these forms, or names a layer given twice.
[[nodiscard]] LayerChoice parse_layer_choice(std::string_view text);

/// Of named layers. Throws Error{usage} for none, or for one given twice.
[[nodiscard]] LayerChoice choose_layers(std::vector<std::size_t> layers);

/// The inverse of parse_layer_choice.
[[nodiscard]] std::string to_string(const LayerChoice& choice);

}  // namespace w2s
