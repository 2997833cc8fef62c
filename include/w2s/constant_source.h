// Steering vectors that are the same for every input: one direction for every layer.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "w2s/vector_source.h"

namespace w2s {

class ConstantSource final : public VectorSource {
 public:
  /// `values` is [info.layers][info.width]; a layer of zeros has no vector.
  ConstantSource(SourceInfo info, std::vector<float> values)
      : VectorSource(std::move(info)), values_(std::move(values)) {}

  [[nodiscard]] std::span<const float> direction(std::size_t layer) const {
    return std::span(values_).subspan(layer * info().width, info().width);
  }
  [[nodiscard]] std::vector<float> vector(std::size_t layer, const PromptReading& input) const override;
  /// A llama.cpp control vector: tensors `direction.<l>`, added after layer l (0-based). llama.cpp cannot apply layer 0
  /// and refuses a file with such a tensor, so that one is the metadata array `w2s.direction.0`.
  [[nodiscard]] TensorFile to_file() const override;

 private:
  std::vector<float> values_;
};

/// general.architecture of llama.cpp's control vectors.
inline constexpr std::string_view control_vector_architecture = "controlvector";

/// SteeringMethod::read of every method whose vectors are constant. Layer 0 may also be a tensor.
[[nodiscard]] std::unique_ptr<VectorSource> read_constant_source(const TensorFile& file, SourceInfo info);

}  // namespace w2s
