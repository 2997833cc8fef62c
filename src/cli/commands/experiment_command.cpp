#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/commands/commands.h"
#include "cli/commands/work.h"
#include "cli/options/options.h"
#include "cli/print/experiment_report.h"
#include "cli/print/output.h"
#include "cli/print/table_files.h"
#include "w2s/base.h"
#include "w2s/experiment.h"
#include "w2s/report.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

struct ExperimentOptions {
  std::filesystem::path config;
  std::filesystem::path folder;
  std::optional<std::size_t> limit;
  std::optional<std::string> model;
  std::optional<std::uint64_t> seed;
  std::optional<int> threads;
  bool is_dry_run = false;
  bool skips_calibration = false;
  OutputOptions output;
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add({option("CONFIG.toml", config, any_path({}), "The experiment's settings; examples/experiments has some")
                  .required()});
    line.add("Output", {option("-o,--output", folder, any_path("DIR"),
                               "The experiment's folder, instead of the file's 'output'; an interrupted experiment "
                               "goes on from what is there")});
    output.add_format_to(line);
    line.add(
        "Part",
        {option("--model", model, any_text("NAME"), "Only this model of the file's; tables are printed, but not kept"),
         option("--seed", seed, any_count(), "Only this seed of the file's; tables are printed, but not kept"),
         option("--limit", limit, any_count(),
                "Take only N samples of each behaviour, instead of the file's 'limit'; 0: all")});
    auto without_calibration =
        flag("--no-calibration", skips_calibration, "With --dry-run: measure nothing, decode nothing");
    without_calibration.needs = "dry-run";
    line.add("Plan", {flag("--dry-run", is_dry_run,
                           "Print what would be decoded and how long that takes, and write nothing; measures a few "
                           "samples"),
                      without_calibration});
    line.add({threads_option(threads), quiet_option(quiet)});
  }

  [[nodiscard]] bool is_part() const { return model || seed; }

  [[nodiscard]] ExperimentSettings settings() const {
    auto settings = read_experiment(config);
    if (!folder.empty()) settings.output = folder;
    if (limit) settings.study.selection.limit = *limit;
    if (threads) settings.study.threads = *threads;
    if (model) keep_model(settings, *model);
    if (seed) keep_seed(settings, *seed);
    return settings;
  }
};

void warn_of_settings(const ExperimentSettings& settings, Work& work) {
  const auto limit = settings.study.selection.limit;
  if (limit > 0)
    work.warn(
        fmt::format("limit {}: the results are partial, from at most {} samples of each behaviour", limit, limit));
  for (const auto& model : settings.models)
    if (std::filesystem::exists(model.path)) warn_if_quantized(inspect_model(model.path), work);
}

ExperimentOutcome run(const ExperimentSettings& settings, const Work& work) {
  try {
    return run_experiment(settings, settings.output, work.job());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::interrupted) throw;
    throw Error(ErrorKind::interrupted, fmt::format("interrupted; what was finished is in {}: the same command again "
                                                    "goes on from there",
                                                    settings.output.string()));
  }
}

std::string where_it_is(const std::filesystem::path& folder) {
  return fmt::format(
      "All tables, and the numbers behind the figures, are in {0}/tables (.md, .csv, .json, .tex){1}.\n"
      "Each study is a results folder: {0}/MODEL/seed-N, for 'w2s eval', 'w2s fit' and 'w2s encoders'.\n",
      folder.string(), can_draw_paper_figures() ? ", and the figures (.svg)" : "");
}

}  // namespace

void experiment_command(const Arguments& arguments, const Console& console) {
  ExperimentOptions options;
  CommandLine line(
      "experiment",
      "Runs the paper's experiments as a file describes them: a study, as of 'w2s run', for each model and "
      "seed, and the paper's tables from all of them. It can be stopped at any moment: the same command "
      "goes on.",
      "w2s experiment examples/experiments/builtin-smollm2.toml --dry-run");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  const auto settings = options.settings();
  const auto format = options.output.format();
  Work work(console, options.quiet);
  if (options.is_dry_run) {
    console.out(render_plan(plan_experiment(settings, !options.skips_calibration, work.job()), format));
    return;
  }
  if (settings.output.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("where to? Give -o DIR, or output = \"DIR\" in {}", options.config.string()));
  }
  warn_of_settings(settings, work);
  const auto outcome = run(settings, work);
  const auto tables = settings.output / "tables";
  if (!options.is_part()) write_tables(tables, outcome.tables);
  console.out(render_experiment(outcome, format));
  if (options.is_part()) return;
  if (can_draw_paper_figures()) write_figures(tables, outcome.tables);
  if (format == Format::table) console.out(where_it_is(settings.output));
}

}  // namespace w2s::cli
