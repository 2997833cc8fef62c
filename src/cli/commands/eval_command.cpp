#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/commands/commands.h"
#include "cli/commands/work.h"
#include "cli/options/open_ended_options.h"
#include "cli/options/options.h"
#include "cli/print/multi_layer_report.h"
#include "cli/print/open_ended_report.h"
#include "cli/print/outcome_report.h"
#include "cli/print/output.h"
#include "w2s/base.h"
#include "w2s/results.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

constexpr std::uint64_t most_draws = 100'000'000;

ValueType<SplitPart> split_part_type() {
  const auto type = any_of({"test", "validation"}, "PART");
  return {.name = type.name,
          .parse =
              [type](const std::string& name) {
                return type.parse(name) == "test" ? SplitPart::test : SplitPart::validation;
              },
          .show = [](const SplitPart& part) { return part == SplitPart::test ? "test" : "validation"; }};
}

struct EvalOptions {
  std::filesystem::path folder;
  MultiLayerSettings settings;
  std::optional<std::uint64_t> seed;
  OpenEndedArguments open_ended;
  OutputOptions output;
  bool quiet = false;

  void add_to(CommandLine& line) {
    auto& evaluation = settings.evaluation;
    line.add({option("DIR", folder, any_path({}), "Results folder of 'w2s run'").required()});
    line.add(
        "Evaluation",
        {option("--split", evaluation.part, split_part_type(),
                "Samples to evaluate on: test, or validation, on which fixed layer and predictor were chosen (then "
                "results.json stays as it is)"),
         option("--bootstrap-draws", evaluation.bootstrap_draws, whole_number(1, most_draws),
                "Resamples behind each interval"),
         option("--confidence", evaluation.confidence, number_between(0.5, 0.9999), "Confidence of the intervals")
             .of_type("P"),
         option("--random-draws", evaluation.random_draws, whole_number(1, most_draws),
                "Draws of the random-layer baseline")});
    line.add("Several layers",
             {option("--auto-k", settings.layer_counts, whole_number(1),
                     "Instead: whether steering at several layers beats steering at one. Measures auto:K (the "
                     "predictor's K most likely layers share the multiplier by their probabilities) and, as a control, "
                     "the K best fixed layers in equal shares; needs -m and --data of the study, and leaves "
                     "results.json as it is")});
    line.add("Data", {option("--data", settings.data, any_text("PATH..."),
                             "The samples that the folder was made with, for --auto-k and --open-ended")
                          .of_type("PATH...")
                          .taking(OptionValues::rest)});
    line.add(open_ended.options());
    auto model = model_options(settings.model, settings.model_options, settings.decoder);
    model.front().is_required = false;
    line.add(model);
    output.add_format_to(line);
    output.add_file_to(line);
    line.add({seed_option(seed, "the bootstrap and the random layers"), threads_option(settings.decoder.threads),
              quiet_option(quiet)});
  }
};

Report multi_layer(const EvalOptions& options, const Job& job) {
  if (options.settings.model.empty() || options.settings.data.empty())
    throw Error(ErrorKind::usage, "--auto-k measures: name the study's model (-m) and data (--data)");
  return multi_layer_report(evaluate_multi_layer(options.folder, options.settings, job));
}

Report open_ended(const EvalOptions& options, const Job& job) {
  const auto outcome = evaluate_open_ended(options.folder, options.open_ended.complete(options.settings), job);
  if (!options.open_ended.answers.empty()) write_file(options.open_ended.answers, answers_to_jsonl(outcome));
  return open_ended_report(outcome);
}

std::string evaluate(const EvalOptions& options, const Job& job) {
  const auto format = options.output.format();
  if (options.open_ended.asked) return render(open_ended(options, job), format);
  if (!options.settings.layer_counts.empty()) return render(multi_layer(options, job), format);
  return render_outcome(evaluate_study(options.folder, options.settings.evaluation, job), format);
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
  if (options.open_ended.asked && !options.settings.layer_counts.empty())
    throw Error(ErrorKind::usage, "--auto-k and --open-ended are two evaluations: one at a time");
  if (!options.open_ended.answers.empty()) check_folder_of(options.open_ended.answers);
  options.settings.evaluation.seed = options.seed ? *options.seed : ResultsFolder(options.folder).seed();
  const Work work(console, options.quiet);
  options.output.deliver(evaluate(options, work.job()), console);
}

}  // namespace w2s::cli
