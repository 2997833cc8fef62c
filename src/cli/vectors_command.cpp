#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source_report.h"
#include "cli/work.h"
#include "w2s/error.h"
#include "w2s/split.h"
#include "w2s/steering_methods.h"
#include "w2s/sweep_plan.h"
#include "w2s/tokenized_sample.h"
#include "w2s/vector_source.h"

namespace w2s::cli {
namespace {

// The two answers of a sample.
constexpr std::size_t answer_rows = 2;

struct VectorsOptions {
  ModelArguments model;
  DataArguments data;
  GeneralOptions general;
  OutputOptions output;
  MethodArguments fitting;
  std::string method = "caa";
  std::string split = "all";
  std::filesystem::path file;

  void add_to(CommandLine& line) {
    model.add_to(line);
    data.add_to(line);
    line.add_option("--split", split,
                    "Samples to use: all, or train for those that 'w2s run' uses with the same seed (40% to learn "
                    "from, 10% to choose on)")
        ->check(CLI::IsMember({"all", "train"}))
        ->type_name("PART")
        ->group("Data");
    line.add_option("--method", method, "How the vectors are made: " + MethodArguments::list_of_methods())
        ->type_name("NAME")
        ->group("Vectors");
    fitting.add_fitting_to(line);
    line.add_path("-o,--output", file, "File to write; vectors that are the same for all inputs are a llama.cpp control vector")
        ->required()
        ->type_name("FILE.gguf")
        ->group("Output");
    output.add_format_to(line);
    general.add_seed_to(line, "the samples of --limit and of --split train");
    general.add_threads_to(line);
    general.add_quiet_to(line);
  }
};

// What is learned from, and what choices are made on.
struct ChosenSamples {
  std::vector<std::size_t> train;
  std::vector<std::size_t> validation;
};

// With --split all a method that chooses nothing learns from every sample, another one from four fifths.
ChosenSamples choose_samples(const VectorsOptions& options, std::size_t count) {
  if (options.split == "train") {
    const auto split = split_samples(count, options.general.seed);
    return {split.train, split.validation};
  }
  if (steering_method(options.method).needs_validation) {
    auto split = split_samples(count, options.general.seed, {.train = 0.8, .validation = 0.1});
    split.validation.insert(split.validation.end(), split.test.begin(), split.test.end());
    std::ranges::sort(split.validation);
    return {split.train, split.validation};
  }
  ChosenSamples all;
  all.train.resize(count);
  std::iota(all.train.begin(), all.train.end(), std::size_t{0});
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

std::string notes_of(const VectorSource& source) {
  std::string text;
  for (const auto& [name, note] : source.info().notes) text += fmt::format("{}: {}\n", name, note);
  return text;
}

std::unique_ptr<VectorSource> make_source(const VectorsOptions& options, Work& work) {
  const auto& method = steering_method(options.method);
  const auto behavior = read_single_behavior(options.data, options.general.seed);
  options.data.warn_if_limited(work);
  const auto chosen = choose_samples(options, behavior.samples.size());
  const auto model = Model::load(options.model.model, options.model.model_options());
  const auto& info = model.info();
  warn_if_quantized(info, work);
  auto decoder = options.model.decoder_options(options.general.threads);
  const auto train = tokenize(model, behavior, chosen.train, decoder);
  const auto validation = tokenize(model, behavior, chosen.validation, decoder);
  if (decoder.context == 0) decoder.context = std::max(longest_prompt(train), longest_prompt(validation)) + answer_rows;
  auto decoders = make_decoders(model, decoder);

  auto method_options = options.fitting.options;
  method_options.seed = options.general.seed;
  method_options.threads = options.general.threads;
  const auto context_layers = options.fitting.context_layer_list();
  method_options.context_layers =
      context_layers.empty() ? default_context_layers(info.layers) : parse_layers(context_layers, info.layers);

  MethodTraining training;
  const auto prompt_layers = method.looks_at_prompt ? method_options.context_layers : std::vector<std::size_t>{};
  if (method.learns) training.train = read_representations(decoders, train, prompt_layers, work.job());
  if (method.learns && !validation.empty())
    training.validation = read_representations(decoders, validation, prompt_layers, work.job());
  training.info = {.model_architecture = info.architecture,
                   .layers = info.layers,
                   .width = info.width,
                   .notes = {{"behavior", behavior.name},
                             {"samples", fmt::format("{} ({})", train.size(), options.split)},
                             {"seed", std::to_string(options.general.seed)},
                             {"data", content_hash(behavior)}}};
  return fit_method(method, training, method_options, work.job());
}

}  // namespace

void vectors_command(const Arguments& arguments, const Console& console) {
  VectorsOptions options;
  CommandLine line("vectors",
                   "Makes a steering vector for every layer of a model from the samples of one behaviour, by default "
                   "the mean difference between the model's inner state after the positive and after the negative "
                   "answer. Uses all samples of the file unless --split train is given; l2s keeps a fifth of them to "
                   "choose its settings on.",
                   "w2s vectors -m model.gguf --data openness.jsonl -o openness.gguf");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  static_cast<void>(steering_method(options.method));
  check_folder_of(options.file);
  Work work(console, options.general.quiet);
  const auto source = make_source(options, work);
  write_vector_source(options.file, *source);
  auto report = source_report(*source);
  report.notes += notes_of(*source) + fmt::format("Written to {}.\n", options.file.string());
  console.out(render(report, options.output.format()));
}

}  // namespace w2s::cli
