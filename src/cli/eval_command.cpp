#include <filesystem>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/outcome_report.h"
#include "cli/output.h"
#include "cli/work.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

struct EvalOptions {
  std::filesystem::path folder;
  EvaluationOptions evaluation;
  GeneralOptions general;
  OutputOptions output;
  std::string split = "test";

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
    output.add_format_to(line);
    output.add_file_to(line);
    general.add_seed_of_folder_to(line, "the bootstrap and the random layers");
    general.add_quiet_to(line);
  }
};

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
  options.evaluation.part = options.split == "test" ? SplitPart::test : SplitPart::validation;
  options.evaluation.seed = options.general.seed_for(options.folder);
  const Work work(console, options.general.quiet);
  const auto outcome = evaluate_study(options.folder, options.evaluation, work.job());
  options.output.deliver(render_outcome(outcome, options.output.format()), console);
}

}  // namespace w2s::cli
