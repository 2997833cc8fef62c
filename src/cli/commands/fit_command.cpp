#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/work.h"
#include "cli/options/options.h"
#include "cli/print/output.h"
#include "w2s/base.h"
#include "w2s/results.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

struct FitOptions {
  std::filesystem::path folder;
  std::vector<std::string> behaviors;
  FitSettings settings;
  std::optional<std::uint64_t> seed;
  OutputOptions output;
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add({option("DIR", folder, any_path({}), "Results folder with a finished sweep").required()});
    line.add("Data",
             {option("--behavior", behaviors, any_text("NAME"), "Fit only the behaviour of this name (may be repeated)")
                  .of_type("NAME")
                  .taking(OptionValues::repeated)});
    line.add(predictor_options(settings));
    output.add_format_to(line);
    output.add_file_to(line);
    line.add({seed_option(seed, "the folds and the networks' first weights"),
              threads_option(settings.predictor.threads), quiet_option(quiet)});
  }
};

std::string name_of(const BehaviorFolder& folder) { return folder.root.filename().string(); }

std::string name_of(const PredictorPolicy& policy) { return "w2s-" + to_string(policy); }

std::vector<BehaviorFolder> chosen_folders(const FitOptions& options) {
  auto all = behavior_folders(options.folder);
  if (options.behaviors.empty()) return all;
  std::vector<BehaviorFolder> chosen;
  for (const auto& name : options.behaviors) {
    const auto folder = std::ranges::find(all, name, [](const auto& candidate) { return name_of(candidate); });
    if (folder == all.end()) {
      throw Error(ErrorKind::usage,
                  fmt::format("--behavior: {} holds no behaviour '{}'", options.folder.string(), name));
    }
    chosen.push_back(*folder);
  }
  return chosen;
}

// A point of the search space with what cross-validation says of it.
struct TriedSettings {
  std::string behavior;
  const PredictorFile* file = nullptr;
  std::string policy;
  const FittedPredictors* fitted = nullptr;
  PredictorSettings settings;
  std::optional<CrossValidationScore> score = {};
};

std::string layers_kept(const TriedSettings& row) {
  const auto& networks = row.fitted->by_seed;
  return fmt::format("{} of {}", networks.empty() ? 0 : networks.front().layers().size(), row.file->model_layers);
}

Fields<TriedSettings> tried_settings_fields() {
  using Row = TriedSettings;
  const auto of_settings = [](auto member) {
    return [member](const Row& row) { return to_cell(row.settings.*member); };
  };
  const auto of_score = [](auto member) {
    return [member](const Row& row) { return row.score ? to_cell((*row.score).*member) : Cell(); };
  };
  return {
      {column_named("behavior"), &Row::behavior},
      {column_named("method"), [](const Row& row) { return Cell(row.file->method); }},
      {{.field = "encoder"}, [](const Row& row) { return Cell(row.file->encoder); }},
      {column_named("policy"), &Row::policy},
      {{.heading = "layers kept"}, [](const Row& row) { return Cell(layers_kept(row)); }},
      {{"learning_rate", "learning rate", significant_digits(6)}, of_settings(&PredictorSettings::learning_rate)},
      {{"hidden_width", "hidden width"}, of_settings(&PredictorSettings::hidden_width)},
      {{"hidden_layers", "hidden layers"}, of_settings(&PredictorSettings::hidden_layers)},
      {{"weight_decay", "weight decay", significant_digits(6)}, of_settings(&PredictorSettings::weight_decay)},
      {{.heading = "epochs"}, [](const Row& row) { return to_cell(row.fitted->epochs); }},
      {{"steerability", "CV steerability", significant_digits(4)}, of_score(&CrossValidationScore::steerability)},
      {{"accuracy", "CV accuracy", percentage()}, of_score(&CrossValidationScore::accuracy)},
      {{.field = "epochs"}, of_score(&CrossValidationScore::epochs)},
      {{.field = "chosen"}, [](const Row& row) { return to_cell(row.settings == row.fitted->settings); }},
  };
}

// For people what was chosen, for programs all that was tried.
void add_rows(Report& report, const std::string& behavior, const PredictorFile& file) {
  std::vector<TriedSettings> chosen;
  std::vector<TriedSettings> tried;
  for (const auto& [policy, fitted] : file.by_policy) {
    TriedSettings row{
        .behavior = behavior, .file = &file, .policy = name_of(policy), .fitted = &fitted, .settings = {}};
    for (const auto& score : fitted.scores) {
      row.settings = score.settings;
      row.score = score;
      tried.push_back(row);
    }
    row.settings = fitted.settings;
    const auto score = std::ranges::find(fitted.scores, row.settings, &CrossValidationScore::settings);
    row.score = score == fitted.scores.end() ? std::nullopt : std::optional(*score);
    chosen.push_back(row);
  }
  std::ranges::move(table_of(tried_settings_fields(), chosen).rows, std::back_inserter(report.table.rows));
  std::ranges::move(table_of(tried_settings_fields(), tried).rows, std::back_inserter(report.for_programs->rows));
}

Report fit(const FitOptions& options, const Work& work) {
  const auto empty = table_of(tried_settings_fields(), {});
  Report report{.table = empty, .for_programs = empty};
  for (const auto& folder : chosen_folders(options)) {
    for (const auto& file : fit_behavior(BehaviorResults(folder), options.settings, work.job())) {
      add_rows(report, name_of(folder), file);
      report.notes += fmt::format("{}, {}: encoder {}, best fixed layer {}\n", name_of(folder), file.method,
                                  file.encoder, file.fixed_layer);
      const auto choice = file.notes.find("encoder choice");
      if (choice != file.notes.end())
        report.notes += fmt::format("{}, {}: encoder choice: {}\n", name_of(folder), file.method, choice->second);
    }
    report.notes += fmt::format("Written to {}\n", folder.root.string());
  }
  report.notes += fmt::format("Next: w2s eval {}\n", options.folder.string());
  return report;
}

}  // namespace

void fit_command(const Arguments& arguments, const Console& console) {
  FitOptions options;
  CommandLine line("fit",
                   "Fits the layer predictor of each behaviour from the sweep in a results folder: labels every sample "
                   "with a layer, chooses the network's settings by cross-validation on the training and validation "
                   "samples, and writes predictor.gguf, one for each method that was swept. Needs no model.",
                   "w2s fit results --encoder first-mean --top-k 1,3 --objective cross-entropy,expected-steerability");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  options.settings.predictor.seed = options.seed ? *options.seed : ResultsFolder(options.folder).seed();
  options.output.check();
  const Work work(console, options.quiet);
  options.output.deliver(render(fit(options, work), options.output.format()), console);
}

}  // namespace w2s::cli
