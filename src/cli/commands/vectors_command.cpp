#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <system_error>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/work.h"
#include "cli/options/options.h"
#include "cli/print/output.h"
#include "cli/print/source_report.h"
#include "w2s/base.h"
#include "w2s/data.h"
#include "w2s/study.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

namespace w2s::cli {
namespace {

// The two answers of a sample.
constexpr std::size_t answer_rows = 2;

struct VectorsOptions {
  std::filesystem::path model;
  ModelOptions model_options;
  DecoderOptions decoder{.context = 0};
  std::vector<std::string> data;
  DataSelection selection;
  bool takes_training_part = false;
  std::string method = "caa";
  MethodOptions fitting;
  LayerList context_layers;
  std::filesystem::path file;
  OutputOptions output;
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add(w2s::model_options(model, model_options, decoder));
    line.add(data_options(data, selection));
    line.add("Data", {option("--split", takes_training_part, word_of("PART", "all", "train"),
                             "Samples to use: all, or train for those that 'w2s run' uses with the same seed (40% to "
                             "learn from, 10% to choose on)")});
    line.add("Vectors", {option("--method", method, method_type(), "How the vectors are made: " + list_of_methods())});
    line.add(fitting_options(fitting, context_layers));
    line.add("Output", {option("-o,--output", file, any_path("FILE.gguf"),
                               "File to write; vectors that are the same for all inputs are a llama.cpp control vector")
                            .required()});
    output.add_format_to(line);
    line.add({seed_option(selection.seed, "the samples of --limit and of --split train"),
              threads_option(decoder.threads), quiet_option(quiet)});
  }
};

// What is learned from, and what choices are made on.
struct ChosenSamples {
  std::vector<std::size_t> train;
  std::vector<std::size_t> validation;
};

// With --split all a method that chooses nothing learns from every sample, another one from four fifths.
ChosenSamples choose_samples(const VectorsOptions& options, std::size_t count) {
  if (options.takes_training_part) {
    const auto split = split_samples(count, options.selection.seed);
    return {split.train, split.validation};
  }
  if (steering_method(options.method).needs_validation) {
    auto split = split_samples(count, options.selection.seed, {.train = 0.8, .validation = 0.1});
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

// Finished parts, until the file is written: an interrupted command goes on from them.
std::filesystem::path work_folder_of(const std::filesystem::path& file) {
  auto folder = file;
  folder += ".fitting";
  return folder;
}

std::string notes_of(const VectorSource& source) {
  std::string text;
  for (const auto& [name, note] : source.info().notes) text += fmt::format("{}: {}\n", name, note);
  return text;
}

// The samples a method may look at, tokenised.
struct TokenizedSplit {
  std::vector<TokenizedSample> train;
  std::vector<TokenizedSample> validation;

  [[nodiscard]] std::vector<TokenizedSample> all() const {
    auto both = train;
    both.insert(both.end(), validation.begin(), validation.end());
    return both;
  }
};

MethodOptions method_options(const VectorsOptions& options, const ModelInfo& model) {
  auto chosen = options.fitting;
  chosen.context_layers = options.context_layers.empty() ? default_context_layers(model.layers)
                                                         : options.context_layers.of_model(model.layers);
  chosen.seed = options.selection.seed;
  chosen.threads = options.decoder.threads;
  chosen.work_folder = work_folder_of(options.file) / "networks";
  return chosen;
}

MethodTraining read_training(const VectorsOptions& options, PromptReaders readers, const TokenizedSplit& samples,
                             const RepresentationRequest& request, const Job& job) {
  const auto folder = work_folder_of(options.file);
  MethodTraining training;
  training.train = read_representations(readers, samples.train, request, job, folder / "train");
  if (!samples.validation.empty())
    training.validation = read_representations(readers, samples.validation, request, job, folder / "validation");
  return training;
}

// By whatever reads the model fastest, as 'w2s run' does.
MethodTraining read_training(const VectorsOptions& options, const Model& model, const TokenizedSplit& samples,
                             const std::vector<std::size_t>& context_layers, DecoderOptions decoder, const Job& job) {
  const auto& method = steering_method(options.method);
  if (!method.learns) return {};
  RepresentationRequest request;
  if (method.looks_at_prompt) request.prompt_layers = context_layers;
  if (resolve_executor(ExecutorChoice::automatic, model) != ExecutorChoice::rows) {
    request.shared_prefix = common_prefix_length(samples.all());
    return read_training(options, make_layerwise_readers(model, decoder.threads), samples, request, job);
  }
  if (decoder.context == 0)
    decoder.context = std::max(longest_prompt(samples.train), longest_prompt(samples.validation)) + answer_rows;
  auto decoders = make_decoders(model, decoder);
  return read_training(options, make_prompt_readers(decoders), samples, request, job);
}

std::unique_ptr<VectorSource> make_source(const VectorsOptions& options, Work& work) {
  const auto behavior = read_single_behavior(options.data, options.selection);
  warn_if_limited(options.selection, work);
  const auto chosen = choose_samples(options, behavior.samples.size());
  const auto model = Model::load(options.model, options.model_options);
  const auto& info = model.info();
  warn_if_quantized(info, work);
  const auto fitting = method_options(options, info);
  const auto& decoder = options.decoder;
  const TokenizedSplit samples{.train = tokenize(model, behavior, chosen.train, decoder),
                               .validation = tokenize(model, behavior, chosen.validation, decoder)};
  auto training = read_training(options, model, samples, fitting.context_layers, decoder, work.job());
  training.info = {.model_architecture = info.architecture,
                   .layers = info.layers,
                   .width = info.width,
                   .notes = {{"behavior", behavior.name},
                             {"samples", fmt::format("{} ({})", samples.train.size(),
                                                     options.takes_training_part ? "train" : "all")},
                             {"seed", std::to_string(options.selection.seed)},
                             {"data", content_hash(behavior)}}};
  return fit_method(steering_method(options.method), training, fitting, work.job());
}

// The same, saying how an interrupted command goes on.
std::unique_ptr<VectorSource> make_source_resumably(const VectorsOptions& options, Work& work) {
  try {
    return make_source(options, work);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::interrupted) throw;
    throw Error(ErrorKind::interrupted,
                fmt::format("interrupted; what was finished is in {}: the same command again goes on from there",
                            work_folder_of(options.file).string()));
  }
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

  check_folder_of(options.file);
  Work work(console, options.quiet);
  const auto source = make_source_resumably(options, work);
  write_vector_source(options.file, *source);
  std::error_code ignored;  // what is left over is only of use until now
  std::filesystem::remove_all(work_folder_of(options.file), ignored);
  auto report = source_report(*source);
  report.notes += notes_of(*source) + fmt::format("Written to {}.\n", options.file.string());
  console.out(render(report, options.output.format()));
}

}  // namespace w2s::cli
