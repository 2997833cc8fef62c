// Steering vectors: one direction in the residual stream for every layer, and the GGUF file that holds them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "w2s/model.h"

namespace w2s {

struct SteeringVectors {
  std::string method;              ///< how they came to be, for instance "caa"
  std::string model_architecture;  ///< of the model they were made with, for instance "llama"; may be empty
  std::size_t layers = 0;          ///< L
  std::size_t width = 0;           ///< d
  std::vector<float> values = {};  ///< [layers][width]; row l is added after decoder layer l (0-based)
  std::map<std::string, std::string> notes = {};  ///< where they come from: behaviour, samples, hashes

  [[nodiscard]] std::span<const float> direction(std::size_t layer) const {
    return std::span(values).subspan(layer * width, width);
  }
};

/// Reads a llama.cpp control vector (architecture "controlvector", tensors `direction.<l>`) that has every layer from
/// 0. Throws Error{vectors} for another kind of file, a missing layer, rows of different width, NaN or infinity;
/// Error{io} if the file cannot be read.
[[nodiscard]] SteeringVectors read_steering_vectors(const std::filesystem::path& path);

/// Writes the same form. llama.cpp itself never applies direction.0. Throws Error{io}.
void write_steering_vectors(const std::filesystem::path& path, const SteeringVectors& vectors);

/// Throws Error{vectors} that names the difference if the vectors do not fit a model: width, layers or architecture.
void check_fits(const SteeringVectors& vectors, const ModelInfo& model);

}  // namespace w2s
