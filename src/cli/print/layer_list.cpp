#include "cli/print/layer_list.h"

#include <fmt/format.h>

#include <algorithm>

namespace w2s::cli {

std::string layer_list(std::span<const std::size_t> layers) {
  if (layers.empty()) return "none";
  std::string text;
  for (std::size_t begin = 0; begin < layers.size();) {
    std::size_t last = begin;
    while (last + 1 < layers.size() && layers[last + 1] == layers[last] + 1) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ",", layers[begin]);
    if (last > begin) text += fmt::format("-{}", layers[last]);
    begin = last + 1;
  }
  return text;
}

std::vector<std::size_t> layers_with_a_vector(const VectorSource& source) {
  std::vector<std::size_t> layers;
  for (std::size_t layer = 0; layer < source.info().layers; ++layer) {
    const auto vector = source.vector(layer, {});
    if (std::ranges::any_of(vector, [](float value) { return value != 0; })) layers.push_back(layer);
  }
  return layers;
}

}  // namespace w2s::cli
