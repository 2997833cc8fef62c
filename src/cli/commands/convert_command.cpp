#include <fmt/format.h>

#include <filesystem>

#include "cli/commands/commands.h"
#include "cli/options/options.h"
#include "cli/print/output.h"
#include "w2s/model.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

struct ConvertOptions {
  std::filesystem::path input;
  std::filesystem::path output;
  int threads = 0;
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add({option("IN.gguf", input, any_path({}), "Model to read, quantised or not").required(),
              option("OUT.gguf", output, any_path({}), "Model to write, with F32 weights").required(),
              threads_option(threads), quiet_option(quiet)});
  }
};

}  // namespace

void convert_command(const Arguments& arguments, const Console& console) {
  ConvertOptions options;
  CommandLine line("convert",
                   "Writes a model's weights as F32. With quantised weights llama.cpp rounds activations too, so that "
                   "small effects drown; what quantisation has lost does not come back.",
                   "w2s convert model-Q4_1.gguf model-F32.gguf");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  check_folder_of(options.output);
  const auto before = inspect_model(options.input);
  check_is_not(options.output, options.input);
  convert_to_f32(options.input, options.output, options.threads);
  const auto after = inspect_model(options.output);
  if (options.quiet) return;
  console.out(fmt::format("{}: {} -> {}, {:.3g} MB -> {:.3g} MB\n", options.output.string(), before.weight_type,
                          after.weight_type, static_cast<double>(before.bytes) / 1e6,
                          static_cast<double>(after.bytes) / 1e6));
}

}  // namespace w2s::cli
