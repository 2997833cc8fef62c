#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <string_view>
#include <thread>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/outcome_report.h"
#include "cli/output.h"
#include "cli/work.h"
#include "w2s/cluster.h"
#include "w2s/error.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

struct RunOptions {
  ModelArguments model;
  DataArguments data;
  VariantArguments variants;
  GridArguments grid;
  MethodArguments method;
  PredictorArguments predictor;
  GeneralOptions general;
  OutputOptions output;
  std::vector<std::string> methods = {"caa"};
  std::size_t prompt_cache = 2048;
  std::filesystem::path folder;

  void add_to(CommandLine& line) {
    model.add_to(line);
    data.add_to(line);
    variants.add_to(line);
    variants.add_layers_to(line);
    line.add_option("--method", methods,
                    "How steering vectors are made, one or several, which share each prompt: " +
                        MethodArguments::list_of_methods() + ". With l2s, oracle is swept as well")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("LIST")
        ->default_str("caa")
        ->group("Vectors");
    method.add_fitting_to(line);
    grid.add_to(line);
    line.add_option(
            "--prompt-cache", prompt_cache,
            "MiB of memory for prompts that were read to make vectors, from which the minimal executor goes on; "
            "0: reads them again, to the same numbers")
        ->type_name("MIB")
        ->group("Sweep");
    method.add_operator_to(line);
    predictor.add_to(line);
    predictor.add_text_encoders_to(line);
    line.add_path("-o,--output", folder, "Results folder; an interrupted run goes on from what is there")
        ->required()
        ->type_name("DIR")
        ->group("Output");
    output.add_format_to(line);
    general.add_seed_to(line, "the split, the samples of --limit, the predictors and the bootstrap");
    general.add_threads_to(line);
    general.add_quiet_to(line);
  }

  [[nodiscard]] StudySettings study() const {
    StudySettings settings;
    settings.model = model.model;
    settings.data = data.sources;
    settings.selection = data.selection(general.seed);
    settings.methods = methods;
    settings.operation = method.parsed_operator();
    settings.context_layers = method.context_layer_list();
    settings.method_options = method.options;
    settings.variants = variants.variants();
    settings.variants_at_all_layers = variants.at_all_layers();
    settings.layers = grid.layer_list();
    settings.multipliers = grid.parsed_multipliers();
    settings.executor = grid.parsed_executor();
    settings.prompt_cache_bytes = prompt_cache << 20U;
    settings.encoder = predictor.encoder;
    settings.text_encoders = predictor.text_encoders;
    settings.objectives = predictor.parsed_objectives();
    settings.top_k = predictor.top_k;
    settings.predictor = predictor.predictor_options(general);
    settings.model_options = model.model_options();
    settings.decoder = model.decoder_options(general.threads);
    settings.seed = general.seed;
    return settings;
  }
};

StudyOutcome run(const RunOptions& options, const Cluster& cluster, const Console& console) {
  Work work(console, options.general.quiet || !cluster.ranks->is_first());
  if (!cluster.warning.empty()) work.warn(cluster.warning);
  options.data.warn_if_limited(work);
  try {
    auto settings = options.study();
    if (settings.decoder.threads == 0) settings.decoder.threads = cluster.threads;
    warn_if_quantized(inspect_model(settings.model), work);
    return run_study(settings, options.folder, *cluster.ranks, work.job());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::interrupted) throw;
    throw Error(ErrorKind::interrupted, fmt::format("interrupted; what was finished is in {}: the same command again "
                                                    "goes on from there",
                                                    options.folder.string()));
  }
}

std::string next_steps(const std::filesystem::path& model, const StudyOutcome& outcome,
                       const std::filesystem::path& folder) {
  const auto& behavior = outcome.noise.front().first;
  return fmt::format(
      "\nResults are in {0} (results.json, and for each behaviour vectors.gguf, sweep.sqlite, predictor.gguf).\n"
      "Next:\n"
      "  w2s report {0}\n"
      "      one page that shows where to steer, and every sample\n"
      "  w2s fit {0} --encoder first-last\n"
      "      another predictor from the same sweep; then w2s eval {0}\n"
      "  w2s chat -m {1} --steer {2}={0}/{2} --scale 1\n"
      "      a conversation, each answer steered at its own layer; w2s serve for OpenAI's clients and a page\n",
      folder.string(), model.string(), behavior);
}

void execute(const Arguments& arguments, const Cluster& cluster, const Console& console) {
  RunOptions options;
  CommandLine line("run",
                   "Does the whole job: makes steering vectors from part of the data, measures how well every layer "
                   "steers every sample, trains a predictor of the best layer (W2S), and compares it with the best "
                   "fixed layer on samples that nothing was chosen on. Started by mpirun, several processes share it.",
                   "w2s run -m model.gguf --data openness.jsonl -o results");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  const auto outcome = run(options, cluster, console);
  if (!cluster.ranks->is_first()) return;
  const auto format = options.output.format();
  console.out(render_outcome(outcome, format));
  if (format == Format::table) console.out(next_steps(options.model.model, outcome, options.folder));
}

// The first rank speaks for all.
Console console_of(const Ranks& ranks, const Console& console) {
  auto own = console;
  if (!ranks.is_first()) own.out = [](std::string_view) {};
  return own;
}

}  // namespace

void run_command(const Arguments& arguments, const Console& console) {
  const auto cluster = join_cluster();
  try {
    execute(arguments, cluster, console_of(*cluster.ranks, console));
  } catch (const Error& error) {
    if (cluster.name.empty()) throw;
    // What all ranks fail at is told once: the first one to tell ends the others.
    if (!cluster.ranks->is_first()) std::this_thread::sleep_for(std::chrono::seconds(1));
    throw Error(error.kind(), fmt::format("{}: {}", cluster.name, error.what()));
  }
}

}  // namespace w2s::cli
