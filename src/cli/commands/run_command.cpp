#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <string_view>
#include <thread>

#include "cli/commands/commands.h"
#include "cli/commands/work.h"
#include "cli/options/options.h"
#include "cli/print/outcome_report.h"
#include "cli/print/output.h"
#include "w2s/base.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

struct RunOptions {
  StudySettings study;
  std::filesystem::path folder;
  OutputOptions output;
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add(study_options(study));
    line.add("Output", {option("-o,--output", folder, any_path("DIR"),
                               "Results folder; an interrupted run goes on from what is there")
                            .required()});
    output.add_format_to(line);
    line.add({quiet_option(quiet)});
  }
};

StudyOutcome run(RunOptions& options, const Cluster& cluster, const Console& console) {
  Work work(console, options.quiet || !cluster.ranks->is_first());
  if (!cluster.warning.empty()) work.warn(cluster.warning);
  warn_if_limited(options.study.selection, work);
  if (options.study.threads == 0) options.study.threads = cluster.threads;
  try {
    warn_if_quantized(inspect_model(options.study.model), work);
    return run_study(options.study, options.folder, *cluster.ranks, work.job());
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
  if (format == Format::table) console.out(next_steps(options.study.model, outcome, options.folder));
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
