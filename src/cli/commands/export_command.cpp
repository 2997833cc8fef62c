#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string>

#include "cli/commands/commands.h"
#include "cli/commands/work.h"
#include "cli/options/options.h"
#include "cli/print/layer_list.h"
#include "cli/print/output.h"
#include "w2s/vectors.h"

namespace w2s::cli {
namespace {

struct ExportOptions {
  std::filesystem::path vectors;
  std::filesystem::path output;
  std::optional<VectorFormat> format;
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add({option("VECTORS.gguf", vectors, any_path({}),
                     "Steering vectors of 'w2s vectors' or 'w2s run'; those of caa, pca, logistic")
                  .required()});
    line.add("Output", {option("-o,--output", output, any_path("FILE"),
                               "File to write: .gguf for llama.cpp, .npz for NumPy, .csv for anything else")
                            .required(),
                        option("--to", format, named_value("FORMAT", parse_vector_format),
                               "Its format, where the extension does not say it: llama.cpp, npz, csv")
                            .defaulting_to("by extension")});
    line.add({quiet_option(quiet)});
  }
};

std::string summary(const ExportOptions& options, const VectorSource& source, VectorFormat format) {
  auto layers = layers_with_a_vector(source);
  if (format == VectorFormat::llama_cpp) std::erase(layers, 0);
  auto text = fmt::format("{}: {} vectors of {} numbers, layers {}\n", options.output.string(), layers.size(),
                          source.info().width, layer_list(layers));
  if (format == VectorFormat::llama_cpp)
    text += fmt::format("Try: llama-cli -m MODEL.gguf --control-vector-scaled {}:1.0\n", options.output.string());
  return text;
}

}  // namespace

void export_command(const Arguments& arguments, const Console& console) {
  ExportOptions options;
  CommandLine line(
      "export",
      "Writes steering vectors for other tools. llama.cpp and repeng read a control vector (GGUF): tensors "
      "direction.<l>, added after layer l, counted from 0. llama.cpp never steers after layer 0, so that "
      "layer is left out, with a warning; so are layers without a vector. An .npz has the arrays "
      "directions [layers][width], layers, method and model_architecture; a .csv has a line a layer.",
      "w2s export results/openness/vectors.gguf -o openness.control.gguf");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  const auto format = options.format ? *options.format : vector_format_of(options.output);
  check_folder_of(options.output);
  check_is_not(options.output, options.vectors);
  Work work(console, options.quiet);
  const auto source = read_vector_source(options.vectors);
  const auto result = export_vectors(*source, options.output, format);
  if (result.first_layer_is_lost)
    work.warn("layer 0 has a vector, which is not in the file: llama.cpp cannot steer after layer 0");
  if (!options.quiet) console.out(summary(options, *source, format));
}

}  // namespace w2s::cli
