#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "w2s/error.h"
#include "w2s/file.h"
#include "w2s/results_folder.h"
#include "w2s/rpc.h"
#include "w2s/steerability.h"
#include "w2s/sweep_plan.h"

namespace w2s::cli {
namespace {

constexpr auto largest_count = std::numeric_limits<int>::max();
constexpr const char* predictor_group = "Layer predictor";

// "1,2,3" or several times the option; what follows it is not taken as a further value.
template <typename T>
CLI::Option* add_list(CommandLine& line, const std::string& name, std::vector<T>& values, const std::string& help) {
  return line.add_option(name, values, help)
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LIST")
      ->default_str(fmt::format("{}", fmt::join(values, ",")));
}

}  // namespace

void GeneralOptions::add_seed_to(CommandLine& line, const std::string& what_it_decides) {
  line.add_option("-s,--seed", seed, "Random seed: decides " + what_it_decides)
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->group("General");
}

void GeneralOptions::add_seed_of_folder_to(CommandLine& line, const std::string& what_it_decides) {
  line.add_option("-s,--seed", named_seed, "Random seed: decides " + what_it_decides)
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->default_str("the folder's")
      ->group("General");
}

std::uint64_t GeneralOptions::seed_for(const std::filesystem::path& folder) const {
  return named_seed ? *named_seed : ResultsFolder(folder).seed();
}

void GeneralOptions::add_threads_to(CommandLine& line) {
  line.add_option("-t,--threads", threads, "CPU threads; 0: all cores")
      ->check(CLI::Range(0, 4096))
      ->type_name("N")
      ->group("General");
}

void GeneralOptions::add_quiet_to(CommandLine& line) {
  line.add_flag("-q,--quiet", quiet, "No progress and no warnings")->group("General");
}

void ModelArguments::add_to(CommandLine& line) { add(line, true); }

void ModelArguments::add_optional_to(CommandLine& line) { add(line, false); }

void ModelArguments::add(CommandLine& line, bool required) {
  line.add_path("-m,--model", model, "Chat model in GGUF form; F32, F16 or BF16 weights measure best")
      ->required(required)
      ->type_name("FILE.gguf")
      ->group("Model");
  line.add_option("--gpu-layers", gpu_layers, "Layers to put on the GPU, short -ngl; -1: as many as fit, 0: none")
      ->check(CLI::Range(-1, largest_count))
      ->type_name("N")
      ->group("Model");
  line.add_option("--rpc", rpc_servers,
                  "Machines that hold layers too, each running 'w2s rpc-server' or llama.cpp's: HOST:PORT,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LIST")
      ->group("Model");
  line.add_option("-c,--ctx-size", context, "Tokens of context to reserve; 0: as many as the data need")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->group("Model");
  line.add_path("--chat-template-file", chat_template_file, "Jinja chat template to use instead of the model's own")
      ->type_name("FILE")
      ->group("Model");
}

ModelOptions ModelArguments::model_options() const {
  add_rpc_servers(rpc_servers);
  ModelOptions options;
  options.gpu_layers = gpu_layers;
  if (!chat_template_file.empty()) options.chat_template = read_file(chat_template_file);
  return options;
}

DecoderOptions ModelArguments::decoder_options(int threads) const {
  DecoderOptions options;
  options.context = context;
  options.threads = threads;
  return options;
}

void warn_if_quantized(const ModelInfo& model, Work& work) {
  if (!model.is_quantized) return;
  work.warn(
      fmt::format("the model's weights are quantised ({}): llama.cpp rounds activations as well, so the numbers "
                  "depend on the batch; compare them with the noise floor, or measure with F32 weights "
                  "('w2s convert')",
                  model.weight_type));
}

void DataArguments::add_to(CommandLine& line) {
  line.add_option("--data", sources,
                  "Contrastive samples: a JSONL file of {\"prompt\", \"chosen\", \"rejected\"}, a file of "
                  "Model-Written Evaluations or steering-bench, a folder of these, or builtin:NAME, builtin:all")
      ->required()
      ->type_name("PATH...")
      ->group("Data");
  add_list(line, "--behavior", behaviors, "Take only the behaviour of this name (may be repeated)")
      ->type_name("NAME")
      ->group("Data");
  line.add_option("--limit", limit, "Take only N samples of each behaviour, drawn by the seed; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->group("Data");
}

DataSelection DataArguments::selection(std::uint64_t seed) const {
  return {.behaviors = behaviors, .limit = limit, .seed = seed};
}

void DataArguments::warn_if_limited(Work& work) const {
  if (limit == 0) return;
  work.warn(
      fmt::format("--limit {}: the results are partial, from at most {} samples of each behaviour", limit, limit));
}

Behavior read_single_behavior(const DataArguments& data, std::uint64_t seed) {
  auto behaviors = read_behaviors(data.sources, data.selection(seed));
  if (behaviors.size() == 1) return std::move(behaviors.front());
  std::vector<std::string> names;
  for (const auto& behavior : behaviors) names.push_back(behavior.name);
  throw Error(ErrorKind::usage, fmt::format("--data holds {} behaviours, pick one with --behavior: {}", names.size(),
                                            fmt::join(names, ", ")));
}

void GridArguments::add_to(CommandLine& line) {
  add_list(line, "--layers", layers, "Layers to steer, counted from 0, for instance 0-29 or 3,7,11-13")
      ->default_str("all")
      ->group("Sweep");
  add_list(line, "--multipliers", multipliers, "Strengths to steer with")
      ->default_str(fmt::format("{}", fmt::join(default_multipliers, ",")))
      ->group("Sweep");
  line.add_option("--executor", executor,
                  "How it is computed: minimal (each steered row from its own layer on, for models of the Llama family "
                  "on the CPU), rows (each from the first layer on, by llama.cpp: any model), auto (minimal where it "
                  "can, unless weights are quantised)")
      ->check(CLI::IsMember({"auto", "minimal", "rows"}))
      ->type_name("NAME")
      ->group("Sweep");
}

std::string GridArguments::layer_list() const {
  const auto list = fmt::format("{}", fmt::join(layers, ","));
  return list == "all" ? "" : list;
}

std::vector<float> GridArguments::parsed_multipliers() const {
  if (multipliers.empty()) return {std::begin(default_multipliers), std::end(default_multipliers)};
  return parse_multipliers(fmt::format("{}", fmt::join(multipliers, ",")));
}

void MethodArguments::add_fitting_to(CommandLine& line) {
  add_list(line, "--context-layers", context_layers,
           "Layers that l2s and cast may look at, of which they choose the best on the validation samples")
      ->default_str("a spread")
      ->group("Vectors");
  add_list(line, "--l2s-learning-rates", options.learning_rates, "Learning rates that l2s tries for each layer")
      ->check(CLI::PositiveNumber)
      ->group("Vectors");
  line.add_option("--l2s-hidden-width", options.hidden_width, "Width of the hidden layer of l2s's networks")
      ->check(CLI::Range(1, 65536))
      ->type_name("N")
      ->group("Vectors");
  line.add_option("--l2s-max-epochs", options.max_epochs, "Epochs after which a network of l2s stops at the latest")
      ->check(CLI::Range(1, largest_count))
      ->type_name("N")
      ->group("Vectors");
}

void MethodArguments::add_operator_to(CommandLine& line) {
  line.add_option(
          "--operator", operation,
          "What is done with a vector: add, add-keep-norm (then back to the length it had), ablate-add (without "
          "its part along the vector, then add)")
      ->check(CLI::IsMember({"add", "add-keep-norm", "ablate-add"}))
      ->type_name("NAME")
      ->group("Sweep");
}

std::string MethodArguments::context_layer_list() const { return fmt::format("{}", fmt::join(context_layers, ",")); }

std::string MethodArguments::list_of_methods() {
  std::string list;
  for (const auto& method : steering_methods())
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", method.name, method.summary);
  return list;
}

void VariantArguments::add_to(CommandLine& line) {
  add_list(line, "--variants", names,
           "Prompt variants: BASE, USER.POS, USER.NEG, SYS.POS, SYS.NEG, or all; those beside BASE need the "
           "behaviour's positive and negative descriptions")
      ->group("Data");
}

void VariantArguments::add_layers_to(CommandLine& line) {
  line.add_option("--variant-layers", layers,
                  "Where variants beside BASE are swept: needed (the layers at which the fixed layer or a predictor "
                  "steers them), or all (slower; shows their optimum as well)")
      ->check(CLI::IsMember({"needed", "all"}))
      ->type_name("LAYERS")
      ->group("Data");
}

std::vector<PromptVariant> VariantArguments::variants() const {
  if (names == std::vector<std::string>{"all"}) return {prompt_variants().begin(), prompt_variants().end()};
  std::vector<PromptVariant> variants;
  for (const auto& name : names) {
    const auto variant = parse_prompt_variant(name);
    if (std::ranges::find(variants, variant) == variants.end()) variants.push_back(variant);
  }
  return variants;
}

void PredictorArguments::add_to(CommandLine& line) {
  const char* const group = predictor_group;
  line.add_option(
          "--encoder", encoder,
          "What the predictor sees of a prompt: a layer of the model (first-last and first-mean, the paper's, "
          "middle-last, middle-mean, layer<K>-last, layer<K>-mean), an embedding model (gguf:FILE.gguf, with "
          ":mean, :cls or :last to choose how it pools), a server's (remote:MODEL, with :DIMENSIONS to shorten; "
          "OPENAI_BASE_URL and OPENAI_API_KEY from the environment), or auto: the one of all that are there "
          "with the highest cross-validated steerability")
      ->type_name("NAME")
      ->group(group);
  add_list(
      line, "--objective", objectives,
      "What a predictor is trained for, one or both: cross-entropy (to name the label of --top-k, as in the paper), "
      "expected-steerability (to choose layers that steer well on average over its probabilities; w2s-expected)")
      ->check(CLI::IsMember({"cross-entropy", "expected-steerability"}))
      ->group(group);
  add_list(line, "--top-k", top_k,
           "Label a sample with the most frequent of its k best layers; one predictor a k, trained by cross-entropy")
      ->check(CLI::Range(1, largest_count))
      ->group(group);
  add_training_to(line);
}

void PredictorArguments::add_text_encoders_to(CommandLine& line) {
  add_list(line, "--embed-with", text_encoders,
           "Embedding models (gguf:FILE.gguf, remote:MODEL) that embed the prompts as well, for 'auto' to choose from "
           "and for 'w2s encoders'")
      ->default_str("")
      ->group(predictor_group);
}

void PredictorArguments::add_training_to(CommandLine& line) {
  const char* const group = predictor_group;
  line.add_option("--folds", options.folds, "Folds of the cross-validation")
      ->check(CLI::Range(2, largest_count))
      ->type_name("N")
      ->group(group);
  line.add_option("--seeds", options.seeds, "Networks trained with the chosen settings, for the standard deviation")
      ->check(CLI::Range(1, largest_count))
      ->type_name("N")
      ->group(group);
  add_list(line, "--learning-rates", options.grid.learning_rates, "Learning rates to choose from")
      ->check(CLI::PositiveNumber)
      ->group(group);
  add_list(line, "--hidden-widths", options.grid.hidden_widths, "Widths of the hidden layers to choose from")
      ->check(CLI::Range(1, largest_count))
      ->group(group);
  add_list(line, "--hidden-layers", options.grid.hidden_layers, "Numbers of hidden layers to choose from")
      ->check(CLI::Range(0, largest_count))
      ->group(group);
  add_list(line, "--weight-decays", options.grid.weight_decays, "Weight decays to choose from")
      ->check(CLI::NonNegativeNumber)
      ->group(group);
}

std::vector<Objective> PredictorArguments::parsed_objectives() const {
  std::vector<Objective> parsed;
  std::ranges::transform(objectives, std::back_inserter(parsed), parse_objective);
  return parsed;
}

PredictorOptions PredictorArguments::predictor_options(const GeneralOptions& general) const {
  auto predictor = options;
  predictor.seed = general.seed;
  predictor.threads = general.threads;
  return predictor;
}

}  // namespace w2s::cli
