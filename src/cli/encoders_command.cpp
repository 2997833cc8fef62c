#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/work.h"
#include "w2s/embed_prompts.h"
#include "w2s/encoder_choice.h"
#include "w2s/encoder_comparison.h"
#include "w2s/file.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

struct EncodersOptions {
  std::filesystem::path folder;
  std::vector<std::string> encoders;
  std::vector<std::string> data;
  int gpu_layers = -1;
  std::filesystem::path umap_file;
  PredictorArguments predictor;
  GeneralOptions general;
  OutputOptions output;

  void add_to(CommandLine& line) {
    line.add_path("DIR", folder, "Results folder with a finished sweep")->required();
    line.add_option("--encoder", encoders,
                    "An embedding model to embed the prompts with first: gguf:FILE.gguf or remote:MODEL, as for 'w2s "
                    "run' (may be repeated). What is embedded already is not embedded again")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("NAME")
        ->group("Data");
    line.add_option("--data", data, "The samples that the folder was made with, where prompts are still to be embedded")
        ->type_name("PATH...")
        ->group("Data");
    line.add_option("--gpu-layers", gpu_layers, "Layers of an embedding model to put on the GPU; -1: as many as fit")
        ->check(CLI::Range(-1, 65536))
        ->type_name("N")
        ->group("Data");
    predictor.add_training_to(line);
    output.add_format_to(line);
    output.add_file_to(line);
    line.add_path("--umap", umap_file, "Writes the samples' coordinates in the plane to this CSV file")
        ->type_name("FILE.csv")
        ->group("Output");
    general.add_seed_of_folder_to(line, "the folds, the networks' first weights and the pictures");
    general.add_threads_to(line);
    general.add_quiet_to(line);
  }
};

void embed(const EncodersOptions& options, const Job& job) {
  std::vector<std::unique_ptr<TextEncoder>> encoders;
  for (const auto& name : options.encoders) {
    encoders.push_back(open_text_encoder(parse_encoder_choice(name),
                                         {.threads = options.general.threads, .gpu_layers = options.gpu_layers}));
  }
  if (!encoders.empty()) embed_study(options.folder, options.data, encoders, job);
}

// The figures of one encoder and method, summed over behaviours.
struct Sums {
  std::size_t behaviors = 0;
  double cv_accuracy = 0;
  double cv_steerability = 0;
  double test_accuracy = 0;
  double test_steerability = 0;

  void add(const EncoderScore& score) {
    ++behaviors;
    cv_accuracy += score.cv_accuracy;
    cv_steerability += score.cv_steerability;
    test_accuracy += score.test_accuracy;
    test_steerability += score.test_steerability;
  }
  [[nodiscard]] double mean(double sum) const { return sum / static_cast<double>(behaviors); }
};

std::vector<std::string> methods_of(const EncoderComparison& comparison) {
  std::vector<std::string> methods;
  for (const auto& score : comparison.scores)
    if (std::ranges::find(methods, score.method) == methods.end()) methods.push_back(score.method);
  return methods;
}

Sums sums_of(const EncoderComparison& comparison, const std::string& encoder, const std::string& method) {
  Sums sums;
  for (const auto& score : comparison.scores)
    if (score.encoder == encoder && score.method == method) sums.add(score);
  return sums;
}

std::string percent(double share) { return fmt::format("{:.1f}%", 100 * share); }

Cell silhouette_cell(const EncoderSpace& space) {
  return space.silhouette ? Cell(fmt::format("{:.3f}", *space.silhouette)) : Cell();
}

// Best by cross-validation: the test samples choose nothing.
std::string best_encoder(const EncoderComparison& comparison, const std::string& method) {
  std::string best;
  double highest = 0;
  for (const auto& space : comparison.spaces) {
    const auto sums = sums_of(comparison, space.encoder, method);
    if (sums.behaviors == 0) continue;
    const double steerability = sums.mean(sums.cv_steerability);
    if (!best.empty() && steerability <= highest) continue;
    best = space.encoder;
    highest = steerability;
  }
  return best;
}

Table readable_table(const EncoderComparison& comparison) {
  Table table{.columns = {"method", "encoder", "width", "behaviors", "silhouette", "CV accuracy", "CV steerability",
                          "test accuracy", "test steerability", "best"},
              .rows = {}};
  for (const auto& method : methods_of(comparison)) {
    const auto best = best_encoder(comparison, method);
    for (const auto& space : comparison.spaces) {
      const auto sums = sums_of(comparison, space.encoder, method);
      if (sums.behaviors == 0) continue;
      table.rows.push_back(
          {method, space.encoder, static_cast<std::int64_t>(space.width), static_cast<std::int64_t>(sums.behaviors),
           silhouette_cell(space), percent(sums.mean(sums.cv_accuracy)),
           fmt::format("{:.4f}", sums.mean(sums.cv_steerability)), percent(sums.mean(sums.test_accuracy)),
           fmt::format("{:.4f}", sums.mean(sums.test_steerability)), space.encoder == best ? Cell("*") : Cell()});
    }
  }
  return table;
}

Table tidy_table(const EncoderComparison& comparison) {
  Table table{.columns = {"encoder", "behavior", "method", "width", "silhouette", "cv_accuracy", "cv_steerability",
                          "test_accuracy", "test_steerability"},
              .rows = {}};
  for (const auto& score : comparison.scores) {
    const auto space = std::ranges::find(comparison.spaces, score.encoder, &EncoderSpace::encoder);
    table.rows.push_back({score.encoder, score.behavior, score.method, static_cast<std::int64_t>(space->width),
                          space->silhouette ? Cell(*space->silhouette) : Cell(), score.cv_accuracy,
                          score.cv_steerability, score.test_accuracy, score.test_steerability});
  }
  return table;
}

Table umap_table(const EncoderComparison& comparison) {
  Table table{.columns = {"encoder", "behavior", "sample", "x", "y"}, .rows = {}};
  for (const auto& space : comparison.spaces) {
    for (const auto& point : space.points)
      table.rows.push_back({space.encoder, point.behavior, point.sample, point.umap[0], point.umap[1]});
  }
  return table;
}

Report report_of(const EncoderComparison& comparison, const EncodersOptions& options) {
  Report report{.readable = readable_table(comparison), .notes = {}, .tidy = tidy_table(comparison)};
  report.notes =
      "Means over behaviours of Top-1 predictors. best: the highest cross-validated steerability of its method, "
      "whatever the test samples say.\n";
  report.notes += fmt::format("Written to {}\n", encoder_comparison_path(options.folder).string());
  if (!options.umap_file.empty()) report.notes += fmt::format("Coordinates: {}\n", options.umap_file.string());
  report.notes += fmt::format("Next: w2s fit {} --encoder auto\n", options.folder.string());
  return report;
}

}  // namespace

void encoders_command(const Arguments& arguments, const Console& console) {
  EncodersOptions options;
  CommandLine line("encoders",
                   "Compares what the layer predictor may see prompts through: the model's layers that the sweeps of a "
                   "results folder recorded, and embedding models. For each: how well its embeddings tell behaviours "
                   "apart (silhouette; UMAP coordinates), and how well a predictor does with them. Writes "
                   "encoders.json.",
                   "w2s encoders results --encoder gguf:all-minilm-l6-v2.gguf --data builtin:all --umap map.csv");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  options.general.seed = options.general.seed_for(options.folder);
  options.output.check();
  if (!options.umap_file.empty()) check_folder_of(options.umap_file);
  const Work work(console, options.general.quiet);
  embed(options, work.job());
  const auto comparison =
      compare_encoders(options.folder, options.predictor.predictor_options(options.general), work.job());
  write_file(encoder_comparison_path(options.folder), encoder_comparison_to_json(comparison));
  if (!options.umap_file.empty()) write_file(options.umap_file, render_csv(umap_table(comparison)));
  options.output.deliver(render(report_of(comparison, options), options.output.format()), console);
}

}  // namespace w2s::cli
