#include "w2s/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "w2s/base.h"
#include "w2s/results.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view gguf_prefix = "gguf:";
constexpr std::string_view builtin_prefix = "builtin:";

constexpr WholeNumber thread_count{.most = 4096};
constexpr const char* threads_help = "CPU threads; 0: all cores";

Option layers_option(const std::string& names, LayerList& layers, const std::string& help) {
  const ValueType<LayerList> type{
      .name = "LIST", .parse = LayerList::parse, .show = [](const LayerList& list) { return list.text(); }};
  auto option = option_of_type(names, type, help).taking(OptionValues::list);
  option.set = [&layers](const OptionTexts& values) { layers = LayerList::parse(joined(values)); };
  option.shown = [&layers] { return layers.empty() ? OptionTexts() : OptionTexts{layers.text()}; };
  return option;
}

Option multipliers_option(std::vector<float>& multipliers) {
  auto option = w2s::option("--multipliers", multipliers, number(), "Strengths to steer with");
  option.set = [&multipliers](const OptionTexts& values) { multipliers = parse_multipliers(joined(values)); };
  return option.defaulting_to(fmt::format("{}", fmt::join(default_multipliers, ",")));
}

// The option's text goes into the settings, not its file's name.
Option chat_template_option(std::string& chat_template) {
  auto option =
      option_of_type("--chat-template-file", any_path("FILE"), "Jinja chat template to use instead of the model's own");
  option.set = [&chat_template](const OptionTexts& values) { chat_template = read_file(values.back()); };
  return option;
}

}  // namespace

ValueType<EncoderChoice> encoder_type() {
  return {.name = "NAME",
          .parse = parse_encoder_choice,
          .show = [](const EncoderChoice& choice) { return to_string(choice); },
          .in_folder =
              [](const std::string& value, const fs::path& folder) {
                if (!value.starts_with(gguf_prefix)) return value;
                return std::string(gguf_prefix) + (folder / value.substr(gguf_prefix.size())).string();
              }};
}

ValueType<std::string> method_type() {
  auto type = any_text("NAME");
  type.parse = [](const std::string& name) { return std::string(steering_method(name).name); };
  return type;
}

std::string list_of_methods() {
  std::string list;
  for (const auto& method : steering_methods())
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", method.name, method.summary);
  return list;
}

Options model_options(fs::path& model, ModelOptions& options, DecoderOptions& decoder) {
  return in_group("Model",
                  {option("-m,--model", model, any_path("FILE.gguf"),
                          "Chat model in GGUF form; F32, F16 or BF16 weights measure best")
                       .required(),
                   option("--gpu-layers", options.gpu_layers, whole_number(-1),
                          "Layers to put on the GPU, short -ngl; -1: as many as fit, 0: none"),
                   option("--rpc", options.rpc_servers, any_text("LIST"),
                          "Machines that hold layers too, each running 'w2s rpc-server' or llama.cpp's: HOST:PORT,..."),
                   option("-c,--ctx-size", decoder.context, any_count(),
                          "Tokens of context to reserve; 0: as many as the data need"),
                   chat_template_option(options.chat_template)});
}

Options data_options(std::vector<std::string>& sources, DataSelection& selection) {
  auto data = option("--data", sources, any_text("PATH..."),
                     "Contrastive samples: a JSONL file of {\"prompt\", \"chosen\", \"rejected\"}, a file of "
                     "Model-Written Evaluations or steering-bench, a folder of these, or builtin:NAME, builtin:all")
                  .of_type("PATH...")
                  .taking(OptionValues::rest)
                  .required();
  data.in_folder = [](const std::string& source, const fs::path& folder) {
    return source.starts_with(builtin_prefix) ? source : (folder / source).string();
  };
  return in_group("Data", {data,
                           option("--behavior", selection.behaviors, any_text("NAME"),
                                  "Take only the behaviour of this name (may be repeated)")
                               .of_type("NAME"),
                           option("--limit", selection.limit, any_count(),
                                  "Take only N samples of each behaviour, drawn by the seed; 0: all")});
}

Option variants_option(std::vector<PromptVariant>& variants) {
  auto option =
      w2s::option("--variants", variants, named_value("NAME", parse_prompt_variant),
                  "Prompt variants: BASE, USER.POS, USER.NEG, SYS.POS, SYS.NEG, or all; those beside BASE need the "
                  "behaviour's positive and negative descriptions");
  option.set = [&variants](const OptionTexts& names) {
    std::vector<PromptVariant> named;
    for (const auto& name : names) {
      const auto variant = parse_prompt_variant(name);
      if (std::ranges::find(named, variant) == named.end()) named.push_back(variant);
    }
    variants = std::move(named);
  };
  const auto take_all = [&variants] { variants.assign(prompt_variants().begin(), prompt_variants().end()); };
  return option.or_word("all", take_all).in("Data");
}

Options fitting_options(MethodOptions& options, LayerList& context_layers) {
  return in_group(
      "Vectors",
      {layers_option("--context-layers", context_layers,
                     "Layers that l2s and cast may look at, of which they choose the best on the validation samples")
           .defaulting_to("a spread"),
       option("--l2s-learning-rates", options.learning_rates, number_above_0(),
              "Learning rates that l2s tries for each layer"),
       option("--l2s-hidden-width", options.hidden_width, whole_number(1, 65536),
              "Width of the hidden layer of l2s's networks"),
       option("--l2s-max-epochs", options.max_epochs, whole_number(1),
              "Epochs after which a network of l2s stops at the latest")});
}

Options grid_options(LayerList& layers, std::vector<float>& multipliers, ExecutorChoice& executor) {
  return in_group(
      "Sweep",
      {layers_option("--layers", layers, "Layers to steer, counted from 0, for instance 0-29 or 3,7,11-13")
           .defaulting_to("all")
           .or_word("all", [&layers] { layers = {}; }),
       multipliers_option(multipliers),
       option("--executor", executor, named_value("NAME", parse_executor_choice),
              "How it is computed: minimal (each steered row from its own layer on, for models of the Llama family "
              "on the CPU), rows (each from the first layer on, by llama.cpp: any model), auto (minimal where it "
              "can, unless weights are quantised)")});
}

Option operator_option(SteeringOperator& operation) {
  return option("--operator", operation, named_value("NAME", parse_steering_operator),
                "What is done with a vector: add, add-keep-norm (then back to the length it had), ablate-add "
                "(without its part along the vector, then add)")
      .in("Sweep");
}

Options predictor_options(FitSettings& settings) {
  return joined(std::vector<Options>{
      in_group("Layer predictor",
               {option("--encoder", settings.encoder, encoder_type(),
                       "What the predictor sees of a prompt: a layer of the model (first-last and first-mean, the "
                       "paper's, middle-last, middle-mean, layer<K>-last, layer<K>-mean), an embedding model "
                       "(gguf:FILE.gguf, with :mean, :cls or :last to choose how it pools), a server's (remote:MODEL, "
                       "with :DIMENSIONS to shorten; OPENAI_BASE_URL and OPENAI_API_KEY from the environment), or "
                       "auto: the one of all that are there with the highest cross-validated steerability"),
                option("--objective", settings.objectives, named_value("NAME", parse_objective),
                       "What a predictor is trained for, one or both: cross-entropy (to name the label of --top-k, as "
                       "in the paper), expected-steerability (to choose layers that steer well on average over its "
                       "probabilities; w2s-expected)"),
                option("--top-k", settings.top_k, whole_number(1),
                       "Label a sample with the most frequent of its k best layers; one predictor a k, trained by "
                       "cross-entropy")}),
      training_options(settings.predictor)});
}

Options training_options(PredictorOptions& options) {
  return in_group(
      "Layer predictor",
      {option("--folds", options.folds, whole_number(2), "Folds of the cross-validation"),
       option("--seeds", options.seeds, whole_number(1),
              "Networks trained with the chosen settings, for the standard deviation"),
       option("--learning-rates", options.grid.learning_rates, number_above_0(), "Learning rates to choose from"),
       option("--hidden-widths", options.grid.hidden_widths, whole_number(1),
              "Widths of the hidden layers to choose from"),
       option("--hidden-layers", options.grid.hidden_layers, whole_number(0),
              "Numbers of hidden layers to choose from"),
       option("--weight-decays", options.grid.weight_decays, number_from_0(), "Weight decays to choose from")});
}

Option seed_option(std::uint64_t& seed, const std::string& what_it_decides) {
  return option("-s,--seed", seed, any_count(), "Random seed: decides " + what_it_decides).in("General");
}

Option seed_option(std::optional<std::uint64_t>& seed, const std::string& what_it_decides) {
  return option("-s,--seed", seed, any_count(), "Random seed: decides " + what_it_decides)
      .defaulting_to("the folder's")
      .in("General");
}

Option threads_option(int& threads) {
  return option("-t,--threads", threads, thread_count, threads_help).in("General");
}

Option threads_option(std::optional<int>& threads) {
  return option("-t,--threads", threads, thread_count, threads_help).defaulting_to("0").in("General");
}

Options study_options(StudySettings& settings) {
  const auto variant_layers =
      option("--variant-layers", settings.variants_at_all_layers, word_of("LAYERS", "needed", "all"),
             "Where variants beside BASE are swept: needed (the layers at which the fixed layer or a "
             "predictor steers them), or all (slower; shows their optimum as well)");
  const auto method =
      option("--method", settings.methods, method_type(),
             "How steering vectors are made, one or several, which share each prompt: " + list_of_methods() +
                 ". With l2s, oracle is swept as well");
  const auto prompt_cache =
      option("--prompt-cache", settings.prompt_cache_bytes, mebibytes("MIB", any_count()),
             "MiB of memory for prompts that were read to make vectors, from which the minimal executor "
             "goes on; 0: reads them again, to the same numbers");
  const auto embed_with =
      option("--embed-with", settings.text_encoders, encoder_type(),
             "Embedding models (gguf:FILE.gguf, remote:MODEL) that embed the prompts as well, for 'auto' "
             "to choose from and for 'w2s encoders'");
  return joined(std::vector<Options>{
      model_options(settings.model, settings.model_options, settings.decoder),
      data_options(settings.data, settings.selection),
      in_group("Data", {variants_option(settings.variants), variant_layers}),
      in_group("Vectors", {method}),
      fitting_options(settings.method_options, settings.context_layers),
      grid_options(settings.layers, settings.multipliers, settings.executor),
      in_group("Sweep", {prompt_cache, operator_option(settings.operation)}),
      predictor_options(settings.fit),
      in_group("Layer predictor", {embed_with}),
      {seed_option(settings.seed, "the split, the samples of --limit, the predictors and the bootstrap"),
       threads_option(settings.threads)}});
}

StudySettings handed_down(StudySettings settings) {
  settings.selection.seed = settings.seed;
  settings.method_options.seed = settings.seed;
  settings.fit.predictor.seed = settings.seed;
  settings.evaluation.seed = settings.seed;
  settings.method_options.threads = settings.threads;
  settings.fit.predictor.threads = settings.threads;
  settings.decoder.threads = settings.threads;
  return settings;
}

}  // namespace w2s
