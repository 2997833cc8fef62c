#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/multi_layer_report.h"
#include "cli/open_ended_options.h"
#include "cli/open_ended_report.h"
#include "cli/options.h"
#include "cli/outcome_report.h"
#include "cli/output.h"
#include "cli/work.h"
#include "w2s/error.h"
#include "w2s/file.h"
#include "w2s/multi_layer_evaluation.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

struct EvalOptions {
  std::filesystem::path folder;
  EvaluationOptions evaluation;
  GeneralOptions general;
  OutputOptions output;
  std::string split = "test";
  std::vector<std::size_t> auto_k;
  OpenEndedArguments open_ended;
  ModelArguments model;
  std::vector<std::string> data;

  void add_to(CommandLine& line) {
    line.add_path("DIR", folder, "Results folder of 'w2s run'")->required();
    line.add_option("--split", split,
                    "Samples to evaluate on: test, or validation, on which fixed layer and predictor were chosen (then "
                    "results.json stays as it is)")
        ->check(CLI::IsMember({"test", "validation"}))
        ->type_name("PART")
        ->group("Evaluation");
    line.add_option("--bootstrap-draws", evaluation.bootstrap_draws, "Resamples behind each interval")
        ->check(CLI::Range(1, 100'000'000))
        ->type_name("N")
        ->group("Evaluation");
    line.add_option("--confidence", evaluation.confidence, "Confidence of the intervals")
        ->check(CLI::Range(0.5, 0.9999))
        ->type_name("P")
        ->group("Evaluation");
    line.add_option("--random-draws", evaluation.random_draws, "Draws of the random-layer baseline")
        ->check(CLI::Range(1, 100'000'000))
        ->type_name("N")
        ->group("Evaluation");
    line.add_option("--auto-k", auto_k,
                    "Instead: whether steering at several layers beats steering at one. Measures auto:K (the "
                    "predictor's K most likely layers share the multiplier by their probabilities) and, as a control, "
                    "the K best fixed layers in equal shares; needs -m and --data of the study, and leaves "
                    "results.json as it is")
        ->check(CLI::Range(1, std::numeric_limits<int>::max()))
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("LIST")
        ->group("Several layers");
    line.add_option("--data", data, "The samples that the folder was made with, for --auto-k and --open-ended")
        ->type_name("PATH...")
        ->group("Data");
    open_ended.add_to(line);
    model.add_optional_to(line);
    output.add_format_to(line);
    output.add_file_to(line);
    general.add_seed_of_folder_to(line, "the bootstrap and the random layers");
    general.add_threads_to(line);
    general.add_quiet_to(line);
  }
};

MultiLayerSettings multi_layer_settings(const EvalOptions& options) {
  if (options.model.model.empty() || options.data.empty())
    throw Error(ErrorKind::usage, "--auto-k measures: name the study's model (-m) and data (--data)");
  return {.model = options.model.model,
          .data = options.data,
          .layer_counts = options.auto_k,
          .model_options = options.model.model_options(),
          .decoder = options.model.decoder_options(options.general.threads),
          .evaluation = options.evaluation};
}

Report open_ended(const EvalOptions& options, const Job& job) {
  const auto settings = options.open_ended.settings(options.model, options.data, options.general.threads);
  const auto outcome = evaluate_open_ended(options.folder, settings, job);
  if (!options.open_ended.answers.empty()) write_file(options.open_ended.answers, answers_to_jsonl(outcome));
  return open_ended_report(outcome);
}

std::string evaluate(const EvalOptions& options, const Job& job) {
  const auto format = options.output.format();
  if (options.open_ended.asked) return render(open_ended(options, job), format);
  if (!options.auto_k.empty())
    return render(multi_layer_report(evaluate_multi_layer(options.folder, multi_layer_settings(options), job)), format);
  return render_outcome(evaluate_study(options.folder, options.evaluation, job), format);
}

}  // namespace

void eval_command(const Arguments& arguments, const Console& console) {
  EvalOptions options;
  CommandLine line("eval",
                   "Compares, on the test samples of a results folder, W2S with the best fixed layer, with the best "
                   "layer of each input, and with two sanity baselines (random layers, the most frequent best layer). "
                   "Rewrites the folder's results.json.",
                   "w2s eval results --format md -o results.md");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  options.output.check();
  if (options.open_ended.asked && !options.auto_k.empty())
    throw Error(ErrorKind::usage, "--auto-k and --open-ended are two evaluations: one at a time");
  if (!options.open_ended.answers.empty()) check_folder_of(options.open_ended.answers);
  options.evaluation.part = options.split == "test" ? SplitPart::test : SplitPart::validation;
  options.evaluation.seed = options.general.seed_for(options.folder);
  const Work work(console, options.general.quiet);
  options.output.deliver(evaluate(options, work.job()), console);
}

}  // namespace w2s::cli
