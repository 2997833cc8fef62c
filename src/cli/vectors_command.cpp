#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <vector>

#include "cli/commands.h"
#include "cli/inspected_file.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/work.h"
#include "w2s/caa.h"
#include "w2s/error.h"
#include "w2s/split.h"
#include "w2s/steering_vectors.h"
#include "w2s/sweep.h"

namespace w2s::cli {
namespace {

// The two answers of a sample.
constexpr std::size_t answer_rows = 2;

struct VectorsOptions {
  ModelArguments model;
  DataArguments data;
  GeneralOptions general;
  OutputOptions output;
  std::string method = "caa";
  std::string split = "all";
  std::filesystem::path file;

  void add_to(CommandLine& line) {
    model.add_to(line);
    data.add_to(line);
    line.add_option("--split", split,
                    "Samples to use: all, or train for the 40% that 'w2s run' uses with the same seed")
        ->check(CLI::IsMember({"all", "train"}))
        ->type_name("PART")
        ->group("Data");
    line.add_option("--method", method, "How the vectors are made: caa (contrastive activation addition)")
        ->check(CLI::IsMember({"caa"}))
        ->type_name("NAME")
        ->group("Vectors");
    line.add_path("-o,--output", file, "File to write, in llama.cpp's control-vector form")
        ->required()
        ->type_name("FILE.gguf")
        ->group("Output");
    output.add_format_to(line);
    general.add_seed_to(line, "the samples of --limit and of --split train");
    general.add_threads_to(line);
    general.add_quiet_to(line);
  }
};

std::vector<std::size_t> chosen_samples(const VectorsOptions& options, std::size_t count) {
  if (options.split == "train") return split_samples(count, options.general.seed).train;
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

std::vector<TokenizedSample> tokenize(const Model& model, const Behavior& behavior,
                                      const std::vector<std::size_t>& chosen, const DecoderOptions& decoder) {
  std::vector<TokenizedSample> samples;
  for (const std::size_t index : chosen) {
    const auto& sample = behavior.samples[index];
    samples.push_back(tokenize_sample(model, behavior, sample));
    const std::size_t needed = samples.back().prompt.size() + answer_rows;
    const std::size_t limit = model.info().training_context;
    if (limit > 0 && needed > limit) {
      throw Error(ErrorKind::data,
                  fmt::format("{}: the prompt and its answers have {} tokens, the model was trained for {}",
                              sample.where, needed, limit));
    }
    if (decoder.context > 0 && needed > decoder.context) {
      throw Error(ErrorKind::usage,
                  fmt::format("--ctx-size {}: {} needs a context of {} tokens", decoder.context, sample.where, needed));
    }
  }
  return samples;
}

std::size_t longest_prompt(const std::vector<TokenizedSample>& samples) {
  std::size_t longest = 0;
  for (const auto& sample : samples) longest = std::max(longest, sample.prompt.size());
  return longest;
}

SteeringVectors make_vectors(const VectorsOptions& options, Work& work) {
  const auto behavior = read_single_behavior(options.data, options.general.seed);
  options.data.warn_if_limited(work);
  const auto chosen = chosen_samples(options, behavior.samples.size());
  const auto model = Model::load(options.model.model, options.model.model_options());
  warn_if_quantized(model.info(), work);
  auto decoder = options.model.decoder_options(options.general.threads);
  const auto samples = tokenize(model, behavior, chosen, decoder);
  if (decoder.context == 0) decoder.context = longest_prompt(samples) + answer_rows;
  auto decoders = make_decoders(model, decoder);
  auto vectors = caa_vectors(decoders, samples, work.job());
  vectors.notes = {{"behavior", behavior.name},
                   {"samples", fmt::format("{} ({})", samples.size(), options.split)},
                   {"seed", std::to_string(options.general.seed)},
                   {"data", content_hash(behavior)}};
  return vectors;
}

}  // namespace

void vectors_command(const Arguments& arguments, const Console& console) {
  VectorsOptions options;
  CommandLine line("vectors",
                   "Makes a steering vector for every layer of a model from the samples of one behaviour: the mean "
                   "difference between the model's inner state after the positive and after the negative answer. "
                   "Uses all samples of the file unless --split train is given.",
                   "w2s vectors -m model.gguf --data openness.jsonl -o openness.gguf");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  check_folder_of(options.file);
  Work work(console, options.general.quiet);
  const auto vectors = make_vectors(options, work);
  write_steering_vectors(options.file, vectors);
  auto report = norms_report(vectors);
  report.notes = fmt::format("Written to {}.\n", options.file.string());
  console.out(render(report, options.output.format()));
}

}  // namespace w2s::cli
