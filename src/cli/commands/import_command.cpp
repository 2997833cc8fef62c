#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/work.h"
#include "cli/options/options.h"
#include "cli/print/layer_list.h"
#include "cli/print/output.h"
#include "w2s/base.h"
#include "w2s/model.h"
#include "w2s/vectors.h"

namespace w2s::cli {
namespace {

constexpr std::size_t most_layers = 512;

struct ImportOptions {
  std::filesystem::path input;
  std::filesystem::path output;
  std::filesystem::path model;
  VectorImport details;
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add({option("FILE", input, any_path({}),
                     "Control vector (GGUF) of llama.cpp, repeng or cvector-generator; .npz; .csv")
                  .required()});
    auto model_file = option("-m,--model", model, any_path("FILE.gguf"),
                             "Model that the vectors are for: gives its layers, and the vectors must fit it");
    model_file.excludes = "layers";
    line.add(
        "Input",
        {option("--written-by", details.written_by, named_value("TOOL", parse_control_vector_writer),
                "Who wrote the control vector: llama.cpp, repeng, cvector-generator. It decides what direction.<l> "
                "means, see above"),
         option("--layers", details.layers, whole_number(1, most_layers),
                "Layers that the model has; without -m and this as many as the file")
             .defaulting_to({}),
         model_file,
         option("--method", details.method, any_text("NAME"),
                "How the vectors were made, to be written down; any word")});
    line.add("Output", {option("-o,--output", output, any_path("FILE.gguf"), "Steering vectors to write").required()});
    line.add({quiet_option(quiet)});
  }
};

// The architecture that the file names is a hint in its maker's words, such as repeng's "mistral" for a "llama".
void fit_to_model(ConstantSource& source, const ModelInfo& model, const std::filesystem::path& file, Work& work) {
  auto& architecture = source.info().model_architecture;
  if (!architecture.empty() && architecture != model.architecture) {
    work.warn(fmt::format("{} says that it was made with a '{}' model; this one is '{}'", file.string(), architecture,
                          model.architecture));
  }
  architecture = model.architecture;
  try {
    check_fits(source, model);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", file.string(), error.what()));
  }
}

std::string summary(const ImportOptions& options, const ConstantSource& source) {
  const auto layers = layers_with_a_vector(source);
  auto text = fmt::format("{}: {} vectors of {} numbers, layers {}\n", options.output.string(), layers.size(),
                          source.info().width, layer_list(layers));
  const std::size_t without = source.info().layers - layers.size();
  if (without > 0) {
    text += fmt::format("{} of {} layers have no vector. In a sweep leave them out: --layers {}\n", without,
                        source.info().layers, layer_list(layers));
  }
  return text;
}

}  // namespace

void import_command(const Arguments& arguments, const Console& console) {
  ImportOptions options;
  CommandLine line(
      "import",
      "Makes steering vectors for w2s of those of another tool. llama.cpp and repeng mean by direction.<l> "
      "what is added after layer l, counted from 0, as w2s does. llama.cpp's cvector-generator names what "
      "it read after layer l direction.<l+1>: with --written-by cvector-generator each direction goes back "
      "to the layer where it was read; without, it is added where llama.cpp would add it, one layer later. "
      "Layers that the file leaves out have no vector.",
      "w2s import control_vector.gguf --written-by cvector-generator -m model.gguf -o vectors.gguf");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  check_folder_of(options.output);
  check_is_not(options.output, options.input);
  Work work(console, options.quiet);
  const auto model = options.model.empty() ? ModelInfo{} : inspect_model(options.model);
  if (!options.model.empty()) options.details.layers = model.layers;
  auto source = import_vectors(options.input, options.details);
  if (!options.model.empty()) fit_to_model(source, model, options.input, work);
  write_vector_source(options.output, source);
  if (!options.quiet) console.out(summary(options, source));
}

}  // namespace w2s::cli
