// What `w2s inspect` finds in a file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/print/output.h"
#include "w2s/model.h"

namespace w2s::cli {

/// What two files must agree in to be used together; what a file does not say is left open.
struct ModelShape {
  std::string architecture;
  std::size_t layers = 0;
  std::size_t width = 0;
};

struct InspectedFile {
  std::filesystem::path path;
  std::string kind;  ///< "model", "steering vectors", "layer predictor", "sweep" or "results folder"
  std::vector<std::pair<std::string, Datum>> fields;
  std::optional<Report> by_layer;
  std::vector<ModelShape> shapes;  ///< of the model it is, or was made for; several in a results folder
};

/// Throws Error for a file that is none of these, naming what is wrong with it.
[[nodiscard]] InspectedFile inspect_file(const std::filesystem::path& path);

/// Why two files cannot be used together; nothing if they can.
[[nodiscard]] std::optional<std::string> difference(const InspectedFile& first, const InspectedFile& second);

}  // namespace w2s::cli
