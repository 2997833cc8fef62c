#include "w2s/vectors.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>

#include "base/values.h"
#include "vectors/layer_directions.h"
#include "w2s/base.h"

namespace w2s {
namespace {

// llama.cpp refuses a file with a tensor direction.0, which it could not apply; so layer 0 is kept beside the tensors.
constexpr std::string_view first_layer_key = "w2s.direction.0";

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::vectors, why); }

std::string tensor_name(std::size_t layer) { return fmt::format("direction.{}", layer); }

std::size_t layer_of(std::string_view name) {
  const auto layer = vectors::layer_of_direction(name);
  if (!layer) refuse(fmt::format("unexpected tensor '{}'; steering vectors are named direction.<layer>", name));
  return *layer;
}

std::map<std::size_t, std::vector<float>> directions_of(const TensorFile& file) {
  std::map<std::size_t, std::vector<float>> directions;
  for (const auto& [name, tensor] : file.tensors) {
    if (tensor.shape.size() != 1) refuse(fmt::format("{} has {} dimensions instead of 1", name, tensor.shape.size()));
    directions[layer_of(name)] = tensor.values;
  }
  if (const auto* values = find_value<std::vector<double>>(file, first_layer_key)) {
    auto& direction = directions[0];
    direction.clear();
    for (const double value : *values) direction.push_back(static_cast<float>(value));
  }
  return directions;
}

}  // namespace

std::vector<float> ConstantSource::vector(std::size_t layer, const PromptReading& /*input*/) const {
  const auto row = std::span(values_).subspan(layer * info().width, info().width);
  return {row.begin(), row.end()};
}

TensorFile ConstantSource::to_file() const {
  TensorFile file;
  file.metadata["general.architecture"] = std::string(control_vector_architecture);
  for (std::size_t layer = 0; layer < info().layers; ++layer) {
    auto direction = vector(layer, {});
    if (layer == 0) {
      file.metadata[std::string(first_layer_key)] = std::vector<double>(direction.begin(), direction.end());
      continue;
    }
    file.tensors[tensor_name(layer)] = {.shape = {info().width}, .values = std::move(direction)};
  }
  return file;
}

std::unique_ptr<VectorSource> read_constant_source(const TensorFile& file, SourceInfo info) {
  const auto directions = directions_of(file);
  if (directions.empty()) refuse("holds no directions");
  const std::size_t highest = directions.rbegin()->first;
  info.layers = directions.size();
  info.width = directions.begin()->second.size();
  std::vector<float> values;
  std::size_t expected = 0;
  for (const auto& [layer, row] : directions) {
    if (layer != expected) {
      refuse(fmt::format("has no {}, though it has {}; 'w2s import' reads files of other tools", tensor_name(expected),
                         tensor_name(highest)));
    }
    ++expected;
    if (row.size() != info.width)
      refuse(fmt::format("{} has {} values, others {}", tensor_name(layer), row.size(), info.width));
    if (!all_finite(row)) refuse(fmt::format("{} contains NaN or infinity", tensor_name(layer)));
    values.insert(values.end(), row.begin(), row.end());
  }
  return std::make_unique<ConstantSource>(std::move(info), std::move(values));
}

}  // namespace w2s
