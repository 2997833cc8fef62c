#include "vectors/npz.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "vectors/npy.h"
#include "vectors/zip_archive.h"
#include "w2s/base.h"

namespace w2s::vectors {
namespace {

constexpr std::string_view extension = ".npy";

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::vectors, why); }

// Reads an array by its name, and names it in errors.
template <typename Read>
auto read_array(std::string_view name, std::string_view bytes, const Read& read) {
  try {
    return read(parse_npy(bytes));
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("array '{}' {}", name, error.what()));
  }
}

std::string_view array_name(std::string_view file) {
  return file.ends_with(extension) ? file.substr(0, file.size() - extension.size()) : file;
}

std::optional<std::size_t> layer_of_array(std::string_view name) {
  const auto layer = parse_layer(name);
  return layer ? layer : layer_of_direction(name);
}

std::string read_text(const ZipArchive& archive, const std::string& name) {
  const auto found = archive.find(name + std::string(extension));
  return found == archive.end() ? std::string() : read_array(name, found->second, text_of);
}

void add_rows(LayerDirections& directions, const ZipArchive& archive, const NpyArray& array) {
  if (array.shape.size() != 2) refuse(fmt::format("has {} dimensions, not [layers][width]", array.shape.size()));
  const auto values = floats_of(array);
  const std::size_t rows = array.shape[0];
  const std::size_t width = array.shape[1];
  const auto named = archive.find("layers" + std::string(extension));
  const auto layers =
      named == archive.end() ? std::vector<std::size_t>() : read_array("layers", named->second, indices_of);
  if (named != archive.end() && layers.size() != rows)
    refuse(fmt::format("has {} rows, and 'layers' names {} layers", rows, layers.size()));
  for (std::size_t row = 0; row < rows; ++row) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * width);
    add_direction(directions, layers.empty() ? row : layers[row], {begin, begin + static_cast<std::ptrdiff_t>(width)});
  }
}

void add_single_layers(LayerDirections& directions, const ZipArchive& archive) {
  std::string names;
  for (const auto& [file, content] : archive) {
    const auto name = array_name(file);
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", name);
    const auto layer = layer_of_array(name);
    if (!layer) continue;
    add_direction(directions, *layer, read_array(name, content, [](const NpyArray& array) {
                    if (array.shape.size() != 1) refuse(fmt::format("has {} dimensions, not one", array.shape.size()));
                    return floats_of(array);
                  }));
  }
  if (!directions.by_layer.empty()) return;
  refuse(
      fmt::format("has neither an array 'directions' [layers][width] nor one named by its layer ('12' or "
                  "'direction.12'), but {}",
                  names.empty() ? "no arrays" : names));
}

}  // namespace

std::string npz_of(const LayerDirections& directions) {
  std::vector<float> values;
  std::vector<std::size_t> layers;
  for (const auto& [layer, direction] : directions.by_layer) {
    layers.push_back(layer);
    values.insert(values.end(), direction.begin(), direction.end());
  }
  const std::vector<std::size_t> shape = {layers.size(), layers.empty() ? 0 : values.size() / layers.size()};
  return zip_archive_bytes({{"directions.npy", npy_of(values, shape)},
                            {"layers.npy", npy_of(layers)},
                            {"method.npy", npy_of(std::string_view(directions.method))},
                            {"model_architecture.npy", npy_of(std::string_view(directions.model_architecture))}});
}

LayerDirections directions_of_npz(std::string_view bytes) {
  const auto archive = read_zip_archive(bytes);
  LayerDirections directions{.method = read_text(archive, "method"),
                             .model_architecture = read_text(archive, "model_architecture")};
  const auto all = archive.find("directions" + std::string(extension));
  if (all == archive.end()) {
    add_single_layers(directions, archive);
  } else {
    const auto add = [&](const NpyArray& array) { add_rows(directions, archive, array); };
    read_array("directions", all->second, add);
  }
  return directions;
}

}  // namespace w2s::vectors
