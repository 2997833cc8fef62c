#include "w2s/steering_vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "w2s/error.h"
#include "w2s/tensor_file.h"

namespace w2s {
namespace {

constexpr std::string_view file_architecture = "controlvector";
constexpr std::string_view tensor_prefix = "direction.";
constexpr std::string_view note_prefix = "w2s.note.";

std::string text_of(const TensorFile& file, const std::string& key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) return {};
  const auto* text = std::get_if<std::string>(&found->second);
  return text == nullptr ? std::string() : *text;
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw Error(ErrorKind::vectors, fmt::format("{}: {}", path.string(), why));
}

TensorFile read_gguf(const std::filesystem::path& path) {
  try {
    return read_tensor_file(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;
    throw Error(ErrorKind::vectors, error.what());
  }
}

std::size_t layer_of(const std::filesystem::path& path, std::string_view name) {
  std::size_t layer = 0;
  const char* digits = name.data() + tensor_prefix.size();
  const auto [end, error] = std::from_chars(digits, name.data() + name.size(), layer);
  if (!name.starts_with(tensor_prefix) || error != std::errc() || end != name.data() + name.size())
    refuse(path, fmt::format("unexpected tensor '{}'; steering vectors are named direction.<layer>", name));
  return layer;
}

}  // namespace

SteeringVectors read_steering_vectors(const std::filesystem::path& path) {
  const auto file = read_gguf(path);
  const auto architecture = text_of(file, "general.architecture");
  if (architecture != file_architecture)
    refuse(path, fmt::format("is a GGUF file of architecture '{}', not steering vectors ('{}')", architecture,
                             file_architecture));
  if (file.tensors.empty()) refuse(path, "holds no directions");

  SteeringVectors vectors;
  vectors.method = text_of(file, "w2s.method");
  vectors.model_architecture = text_of(file, "controlvector.model_hint");
  vectors.layers = file.tensors.size();
  vectors.width = file.tensors.begin()->second.values.size();
  vectors.values.resize(vectors.layers * vectors.width);
  for (const auto& [name, tensor] : file.tensors) {
    const std::size_t layer = layer_of(path, name);
    if (layer >= vectors.layers) {
      std::size_t missing = 0;
      while (file.tensors.contains(fmt::format("{}{}", tensor_prefix, missing))) ++missing;
      refuse(path, fmt::format("has no direction.{}, though it has {}", missing, name));
    }
    if (tensor.shape.size() != 1 || tensor.values.size() != vectors.width)
      refuse(path, fmt::format("{} has {} values, others {}", name, tensor.values.size(), vectors.width));
    if (!std::ranges::all_of(tensor.values, [](float value) { return std::isfinite(value); }))
      refuse(path, fmt::format("{} contains NaN or infinity", name));
    std::ranges::copy(tensor.values, vectors.values.begin() + static_cast<std::ptrdiff_t>(layer * vectors.width));
  }
  for (const auto& [key, value] : file.metadata) {
    const auto* note = std::get_if<std::string>(&value);
    if (note != nullptr && key.starts_with(note_prefix)) vectors.notes[key.substr(note_prefix.size())] = *note;
  }
  return vectors;
}

void write_steering_vectors(const std::filesystem::path& path, const SteeringVectors& vectors) {
  TensorFile file;
  file.metadata["general.architecture"] = std::string(file_architecture);
  file.metadata["controlvector.model_hint"] = vectors.model_architecture;
  file.metadata["controlvector.layer_count"] = static_cast<std::int64_t>(vectors.layers);
  file.metadata["w2s.method"] = vectors.method;
  for (const auto& [key, note] : vectors.notes) file.metadata[std::string(note_prefix) + key] = note;
  for (std::size_t layer = 0; layer < vectors.layers; ++layer) {
    const auto direction = vectors.direction(layer);
    file.tensors[fmt::format("{}{}", tensor_prefix, layer)] = {.shape = {vectors.width},
                                                               .values = {direction.begin(), direction.end()}};
  }
  write_tensor_file(path, file);
}

void check_fits(const SteeringVectors& vectors, const ModelInfo& model) {
  const auto refuse_for = [](const std::string& what) {
    throw Error(ErrorKind::vectors, "the steering vectors belong to another model: " + what);
  };
  if (vectors.width != model.width)
    refuse_for(fmt::format("they are {} wide, the model's residual stream is {}", vectors.width, model.width));
  if (vectors.layers != model.layers)
    refuse_for(fmt::format("they have {} layers, the model {}", vectors.layers, model.layers));
  if (!vectors.model_architecture.empty() && vectors.model_architecture != model.architecture)
    refuse_for(
        fmt::format("they were made with a '{}' model, this is '{}'", vectors.model_architecture, model.architecture));
}

}  // namespace w2s
