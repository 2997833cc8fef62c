#include "w2s/vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/names.h"
#include "base/values.h"
#include "vectors/csv.h"
#include "vectors/layer_directions.h"
#include "vectors/npz.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

using vectors::LayerDirections;

// llama.cpp's own limit. A number beyond it is a mistake, which would otherwise cost a lot of memory.
constexpr std::size_t most_layers = 512;
// Where the files of w2s keep what llama.cpp refuses to find as a tensor.
constexpr const char* first_layer_key = "w2s.direction.0";
constexpr const char* method_key = "w2s.method";
constexpr const char* model_key = "controlvector.model_hint";

constexpr std::array formats = {std::pair{VectorFormat::llama_cpp, std::string_view("llama.cpp")},
                                std::pair{VectorFormat::npz, std::string_view("npz")},
                                std::pair{VectorFormat::csv, std::string_view("csv")}};
constexpr std::array extensions = {std::pair{VectorFormat::llama_cpp, std::string_view(".gguf")},
                                   std::pair{VectorFormat::npz, std::string_view(".npz")},
                                   std::pair{VectorFormat::csv, std::string_view(".csv")}};
constexpr std::array writers = {
    std::pair{ControlVectorWriter::llama_cpp, std::string_view("llama.cpp")},
    std::pair{ControlVectorWriter::repeng, std::string_view("repeng")},
    std::pair{ControlVectorWriter::cvector_generator, std::string_view("cvector-generator")}};

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::vectors, why); }

std::optional<VectorFormat> format_by_extension(const fs::path& path) {
  auto extension = path.extension().string();
  for (char& letter : extension) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return find_by_name(extensions, extension);
}

LayerDirections directions_of_source(const VectorSource& source) {
  const auto& info = source.info();
  if (depends_on_input(source)) {
    refuse(
        fmt::format("vectors of the method '{}' depend on the input and cannot be exported: other tools add the same "
                    "direction whatever the input is",
                    info.method));
  }
  LayerDirections directions{.method = info.method, .model_architecture = info.model_architecture};
  for (std::size_t layer = 0; layer < info.layers; ++layer) directions.by_layer[layer] = source.vector(layer, {});
  return directions;
}

TensorFile control_vector(const LayerDirections& directions) {
  TensorFile file;
  for (const auto& [layer, direction] : directions.by_layer) {
    if (layer == 0 || is_zero(direction)) continue;
    file.tensors[fmt::format("direction.{}", layer)] = {.shape = {direction.size()}, .values = direction};
  }
  if (file.tensors.empty())
    refuse("no layer from 1 on has a vector: nothing is left for llama.cpp, which does not apply layer 0");
  file.metadata["general.architecture"] = std::string(control_vector_architecture);
  file.metadata[model_key] = directions.model_architecture;
  file.metadata["controlvector.layer_count"] = static_cast<std::int64_t>(file.tensors.size());
  if (!directions.method.empty()) file.metadata[method_key] = directions.method;
  return file;
}

// Models are large: they are told by their header before anything else is read.
void refuse_models(const fs::path& path) {
  std::optional<ModelInfo> model;
  try {
    model = inspect_model(path);
  } catch (const Error&) {
    return;  // not a model: as it should be
  }
  refuse(fmt::format("is a model of architecture '{}', not a control vector", model->architecture));
}

TensorFile read_control_vector(const fs::path& path) {
  refuse_models(path);
  auto file = read_tensor_file(path);
  const auto architecture = text_or_empty(file, "general.architecture");
  if (architecture == control_vector_architecture) return file;
  if (architecture.starts_with("w2s-"))
    refuse(fmt::format("is a file of w2s ('{}') that needs no import, or holds no fixed vectors", architecture));
  refuse(fmt::format("is a GGUF file of architecture '{}', not a control vector ('{}')", architecture,
                     control_vector_architecture));
}

LayerDirections directions_of_control_vector(const TensorFile& file) {
  LayerDirections directions{.method = text_or_empty(file, method_key),
                             .model_architecture = text_or_empty(file, model_key)};
  for (const auto& [name, tensor] : file.tensors) {
    const auto layer = vectors::layer_of_direction(name);
    if (!layer) refuse(fmt::format("has a tensor '{}'; the tensors of a control vector are direction.<layer>", name));
    if (tensor.shape.size() != 1) refuse(fmt::format("{} has {} dimensions, not one", name, tensor.shape.size()));
    vectors::add_direction(directions, *layer, tensor.values);
  }
  const auto* values = find_value<std::vector<double>>(file, first_layer_key);
  if (values == nullptr) return directions;
  std::vector<float> direction;
  for (const double value : *values) direction.push_back(static_cast<float>(value));
  vectors::add_direction(directions, 0, std::move(direction));
  return directions;
}

LayerDirections read_directions(const fs::path& path) {
  switch (format_by_extension(path).value_or(VectorFormat::llama_cpp)) {
    case VectorFormat::npz:
      return vectors::directions_of_npz(read_file(path));
    case VectorFormat::csv:
      return vectors::directions_of_csv(read_file(path));
    case VectorFormat::llama_cpp:
      break;
  }
  return directions_of_control_vector(read_control_vector(path));
}

void check_layers(const LayerDirections& directions, std::size_t layers) {
  if (directions.by_layer.empty()) refuse("holds no directions");
  const std::size_t highest = directions.by_layer.rbegin()->first;
  if (layers > 0 && highest >= layers)
    refuse(fmt::format("has a direction for layer {}, the model has the layers 0 to {}", highest, layers - 1));
  if (highest >= most_layers)
    refuse(fmt::format("has a direction for layer {}; no model has more than {} layers", highest, most_layers));
}

void check_values(const LayerDirections& directions) {
  const std::size_t width = directions.by_layer.begin()->second.size();
  if (width == 0) refuse(fmt::format("the direction for layer {} is empty", directions.by_layer.begin()->first));
  for (const auto& [layer, direction] : directions.by_layer) {
    if (direction.size() != width)
      refuse(fmt::format("the direction for layer {} has {} numbers, that for layer {} has {}", layer, direction.size(),
                         directions.by_layer.begin()->first, width));
    if (!all_finite(direction)) refuse(fmt::format("the direction for layer {} contains NaN or infinity", layer));
  }
}

// cvector-generator reads after layer l what it names l+1.
LayerDirections moved_back_by_one(LayerDirections directions) {
  if (directions.by_layer.contains(0))
    refuse("has a direction for layer 0, which cvector-generator does not write: it counts from 1");
  std::map<std::size_t, std::vector<float>> moved;
  for (auto& [layer, direction] : directions.by_layer) moved[layer - 1] = std::move(direction);
  directions.by_layer = std::move(moved);
  return directions;
}

ConstantSource source_of(const LayerDirections& directions, SourceInfo info) {
  info.width = directions.by_layer.begin()->second.size();
  std::vector<float> values(info.layers * info.width, 0.0F);
  for (const auto& [layer, direction] : directions.by_layer)
    std::ranges::copy(direction, values.begin() + static_cast<std::ptrdiff_t>(layer * info.width));
  return {std::move(info), std::move(values)};
}

ConstantSource import_directions(const fs::path& path, const VectorImport& options) {
  auto directions = read_directions(path);
  check_layers(directions, options.layers);
  check_values(directions);

  SourceInfo info{.method = options.method.empty() ? directions.method : options.method,
                  .model_architecture = directions.model_architecture};
  if (info.method.empty()) info.method = "imported";
  info.layers = options.layers > 0 ? options.layers : directions.by_layer.rbegin()->first + 1;
  info.notes["imported from"] = path.filename().string();
  if (options.written_by == ControlVectorWriter::cvector_generator)
    directions = moved_back_by_one(std::move(directions));
  return source_of(directions, std::move(info));
}

}  // namespace

std::string_view to_string(VectorFormat format) { return name_of(formats, format); }

std::string_view to_string(ControlVectorWriter writer) { return name_of(writers, writer); }

VectorFormat parse_vector_format(std::string_view name) {
  if (const auto format = find_by_name(formats, name)) return *format;
  throw Error(ErrorKind::usage, fmt::format("unknown format '{}'; there are: {}", name, list_names(formats)));
}

VectorFormat vector_format_of(const fs::path& path) {
  if (const auto format = format_by_extension(path)) return *format;
  throw Error(ErrorKind::usage, fmt::format("{}: its extension does not say the format; there are: {}", path.string(),
                                            list_names(extensions)));
}

ControlVectorWriter parse_control_vector_writer(std::string_view name) {
  if (const auto writer = find_by_name(writers, name)) return *writer;
  throw Error(ErrorKind::usage, fmt::format("unknown tool '{}'; there are: {}", name, list_names(writers)));
}

VectorExport export_vectors(const VectorSource& source, const fs::path& path, VectorFormat format) {
  const auto directions = directions_of_source(source);
  switch (format) {
    case VectorFormat::llama_cpp:
      write_tensor_file(path, control_vector(directions));
      return {.first_layer_is_lost = !is_zero(directions.by_layer.at(0))};
    case VectorFormat::npz:
      write_file(path, vectors::npz_of(directions));
      break;
    case VectorFormat::csv:
      write_file(path, vectors::csv_of(directions));
      break;
  }
  return {};
}

ConstantSource import_vectors(const fs::path& path, const VectorImport& options) {
  const bool is_gguf = format_by_extension(path).value_or(VectorFormat::llama_cpp) == VectorFormat::llama_cpp;
  if (!is_gguf && options.written_by == ControlVectorWriter::cvector_generator)
    throw Error(ErrorKind::usage, fmt::format("{}: cvector-generator writes GGUF files alone", path.string()));
  try {
    return import_directions(path, options);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::io) throw;
    const std::string message = error.what();
    const std::string prefix = path.string() + ": ";
    throw Error(ErrorKind::vectors, message.starts_with(prefix) ? message : prefix + message);
  }
}

}  // namespace w2s
