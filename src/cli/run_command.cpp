#include <fmt/format.h>

#include <filesystem>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/outcome_report.h"
#include "cli/output.h"
#include "cli/work.h"
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

StudyOutcome run(const RunOptions& options, const Console& console) {
  Work work(console, options.general.quiet);
  options.data.warn_if_limited(work);
  try {
    const auto settings = options.study();
    warn_if_quantized(inspect_model(settings.model), work);
    return run_study(settings, options.folder, work.job());
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

}  // namespace

void run_command(const Arguments& arguments, const Console& console) {
  RunOptions options;
  CommandLine line("run",
                   "Does the whole job: makes steering vectors from part of the data, measures how well every layer "
                   "steers every sample, trains a predictor of the best layer (W2S), and compares it with the best "
                   "fixed layer on samples that nothing was chosen on.",
                   "w2s run -m model.gguf --data openness.jsonl -o results");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  const auto outcome = run(options, console);
  const auto format = options.output.format();
  console.out(render_outcome(outcome, format));
  if (format == Format::table) console.out(next_steps(options.model.model, outcome, options.folder));
}

}  // namespace w2s::cli
