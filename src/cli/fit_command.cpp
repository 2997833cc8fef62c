#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/work.h"
#include "w2s/error.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

struct FitOptions {
  std::filesystem::path folder;
  std::vector<std::string> behaviors;
  PredictorArguments predictor;
  GeneralOptions general;
  OutputOptions output;

  void add_to(CommandLine& line) {
    line.add_path("DIR", folder, "Results folder with a finished sweep")->required();
    line.add_option("--behavior", behaviors, "Fit only the behaviour of this name (may be repeated)")
        ->allow_extra_args(false)
        ->type_name("NAME")
        ->group("Data");
    predictor.add_to(line);
    output.add_format_to(line);
    output.add_file_to(line);
    general.add_seed_of_folder_to(line, "the folds and the networks' first weights");
    general.add_threads_to(line);
    general.add_quiet_to(line);
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

Cell count(std::size_t number) { return static_cast<std::int64_t>(number); }

// A row for each point of the search space; `chosen` tells which one won.
void add_scores(Table& table, const std::string& behavior, const PredictorFile& file) {
  for (const auto& [policy, fitted] : file.by_policy) {
    for (const auto& score : fitted.scores) {
      const auto& settings = score.settings;
      table.rows.push_back({behavior, file.method, file.encoder, name_of(policy), settings.learning_rate,
                            count(settings.hidden_width), count(settings.hidden_layers), settings.weight_decay,
                            score.steerability, score.accuracy, score.epochs,
                            count(settings == fitted.settings ? 1 : 0)});
    }
  }
}

void add_choice(Table& table, const std::string& behavior, const PredictorFile& file) {
  for (const auto& [policy, fitted] : file.by_policy) {
    const auto& settings = fitted.settings;
    const auto score = std::ranges::find(fitted.scores, settings, &CrossValidationScore::settings);
    const bool is_scored = score != fitted.scores.end();
    const std::size_t classes = fitted.by_seed.empty() ? 0 : fitted.by_seed.front().layers().size();
    table.rows.push_back({behavior, file.method, name_of(policy), fmt::format("{} of {}", classes, file.model_layers),
                          fmt::format("{:g}", settings.learning_rate), count(settings.hidden_width),
                          count(settings.hidden_layers), fmt::format("{:g}", settings.weight_decay),
                          count(fitted.epochs), is_scored ? Cell(fmt::format("{:.4g}", score->steerability)) : Cell(),
                          is_scored ? Cell(fmt::format("{:.1f}%", 100 * score->accuracy)) : Cell()});
  }
}

Report fit(const FitOptions& options, const Work& work) {
  Report report;
  report.readable.columns = {"behavior",      "method",          "policy",        "layers kept",
                             "learning rate", "hidden width",    "hidden layers", "weight decay",
                             "epochs",        "CV steerability", "CV accuracy"};
  report.tidy.columns = {"behavior",      "method",       "encoder",      "policy",   "learning_rate", "hidden_width",
                         "hidden_layers", "weight_decay", "steerability", "accuracy", "epochs",        "chosen"};
  const FitSettings settings{.encoder = options.predictor.encoder,
                             .objectives = options.predictor.parsed_objectives(),
                             .top_k = options.predictor.top_k,
                             .predictor = options.predictor.predictor_options(options.general)};
  for (const auto& folder : chosen_folders(options)) {
    for (const auto& file : fit_behavior(BehaviorResults(folder), settings, work.job())) {
      add_choice(report.readable, name_of(folder), file);
      add_scores(report.tidy, name_of(folder), file);
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

  options.general.seed = options.general.seed_for(options.folder);
  options.output.check();
  const Work work(console, options.general.quiet);
  options.output.deliver(render(fit(options, work), options.output.format()), console);
}

}  // namespace w2s::cli
