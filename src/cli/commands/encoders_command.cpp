#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/work.h"
#include "cli/options/options.h"
#include "cli/print/output.h"
#include "w2s/base.h"
#include "w2s/results.h"
#include "w2s/study.h"
#include "w2s/table.h"

namespace w2s::cli {
namespace {

struct EncodersOptions {
  std::filesystem::path folder;
  std::vector<EncoderChoice> encoders;
  std::vector<std::string> data;
  int gpu_layers = TextEncoderOptions().gpu_layers;
  PredictorOptions predictor;
  std::optional<std::uint64_t> seed;
  std::filesystem::path umap_file;
  OutputOptions output;
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add({option("DIR", folder, any_path({}), "Results folder with a finished sweep").required()});
    line.add("Data",
             {option("--encoder", encoders, encoder_type(),
                     "An embedding model to embed the prompts with first: gguf:FILE.gguf or remote:MODEL, as for 'w2s "
                     "run' (may be repeated). What is embedded already is not embedded again")
                  .of_type("NAME"),
              option("--data", data, any_text("PATH..."),
                     "The samples that the folder was made with, where prompts are still to be embedded")
                  .of_type("PATH...")
                  .taking(OptionValues::rest),
              option("--gpu-layers", gpu_layers, whole_number(-1, 65536),
                     "Layers of an embedding model to put on the GPU; -1: as many as fit")});
    line.add(training_options(predictor));
    output.add_format_to(line);
    output.add_file_to(line);
    line.add("Output", {option("--umap", umap_file, any_path("FILE.csv"),
                               "Writes the samples' coordinates in the plane to this CSV file")});
    line.add({seed_option(seed, "the folds, the networks' first weights and the pictures"),
              threads_option(predictor.threads), quiet_option(quiet)});
  }
};

void embed(const EncodersOptions& options, const Job& job) {
  std::vector<std::unique_ptr<TextEncoder>> encoders;
  for (const auto& choice : options.encoders) {
    encoders.push_back(
        open_text_encoder(choice, {.threads = options.predictor.threads, .gpu_layers = options.gpu_layers}));
  }
  if (!encoders.empty()) embed_study(options.folder, options.data, encoders, job);
}

// An encoder and what predictors did with it: on one behaviour, or on average over several.
struct EncoderRow {
  const EncoderSpace* space = nullptr;
  EncoderScore score;
  std::size_t behaviors = 1;
  bool is_best = false;
};

Field<EncoderRow> of_score(const Field<EncoderScore>& field) {
  return {field.column, [field](const EncoderRow& row) { return cell_of(field, row.score); }};
}

Fields<EncoderRow> encoder_row_fields(std::span<const std::string_view> first) {
  const auto scores = encoder_score_fields();
  Fields<EncoderRow> fields;
  for (const auto name : first) fields.push_back(of_score(field_named(scores, name)));
  fields.push_back({column_named("width"), [](const EncoderRow& row) { return to_cell(row.space->width); }});
  fields.push_back({{.heading = "behaviors"}, &EncoderRow::behaviors});
  fields.push_back(
      {column_named("silhouette", decimals(3)), [](const EncoderRow& row) { return to_cell(row.space->silhouette); }});
  for (const auto& field : scores)
    if (std::holds_alternative<double EncoderScore::*>(field.member)) fields.push_back(of_score(field));
  fields.push_back({{.heading = "best"}, [](const EncoderRow& row) { return row.is_best ? Cell("*") : Cell(); }});
  return fields;
}

std::vector<std::string> methods_of(const EncoderComparison& comparison) {
  std::vector<std::string> methods;
  for (const auto& score : comparison.scores)
    if (std::ranges::find(methods, score.method) == methods.end()) methods.push_back(score.method);
  return methods;
}

// Over behaviours; nothing for an encoder that the method was not fitted with.
std::optional<EncoderRow> mean_row(const EncoderComparison& comparison, const EncoderSpace& space,
                                   const std::string& method) {
  EncoderRow row{
      .space = &space, .score = {.encoder = space.encoder, .behavior = {}, .method = method}, .behaviors = 0};
  const auto each_measure = [&](auto change) {
    for (const auto& field : encoder_score_fields())
      if (const auto* measure = std::get_if<double EncoderScore::*>(&field.member)) change(*measure);
  };
  for (const auto& score : comparison.scores) {
    if (score.encoder != space.encoder || score.method != method) continue;
    ++row.behaviors;
    each_measure([&](auto measure) { row.score.*measure += score.*measure; });
  }
  if (row.behaviors == 0) return std::nullopt;
  each_measure([&](auto measure) { row.score.*measure /= static_cast<double>(row.behaviors); });
  return row;
}

// Best by cross-validation: the test samples choose nothing.
void mark_best(std::span<EncoderRow> rows) {
  const auto best = std::ranges::max_element(rows, {}, [](const auto& row) { return row.score.cv_steerability; });
  if (best != rows.end()) best->is_best = true;
}

Table table_of_means(const EncoderComparison& comparison) {
  std::vector<EncoderRow> rows;
  for (const auto& method : methods_of(comparison)) {
    std::vector<EncoderRow> of_method;
    for (const auto& space : comparison.spaces)
      if (auto row = mean_row(comparison, space, method)) of_method.push_back(*std::move(row));
    mark_best(of_method);
    std::ranges::move(of_method, std::back_inserter(rows));
  }
  return table_of(encoder_row_fields(std::array<std::string_view, 2>{"method", "encoder"}), rows);
}

Table table_of_scores(const EncoderComparison& comparison) {
  std::vector<EncoderRow> rows;
  for (const auto& score : comparison.scores) {
    const auto space = std::ranges::find(comparison.spaces, score.encoder, &EncoderSpace::encoder);
    rows.push_back({.space = &*space, .score = score});
  }
  return table_of(encoder_row_fields(std::array<std::string_view, 3>{"encoder", "behavior", "method"}), rows);
}

Table umap_table(const EncoderComparison& comparison) {
  Table table{.columns = columns_named({"encoder", "behavior", "sample", "x", "y"}), .rows = {}};
  for (const auto& space : comparison.spaces) {
    for (const auto& point : space.points)
      table.rows.push_back(cells(space.encoder, point.behavior, point.sample, point.umap[0], point.umap[1]));
  }
  return table;
}

Report report_of(const EncoderComparison& comparison, const EncodersOptions& options) {
  Report report{.table = table_of_means(comparison), .for_programs = table_of_scores(comparison)};
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

  options.predictor.seed = options.seed ? *options.seed : ResultsFolder(options.folder).seed();
  options.output.check();
  if (!options.umap_file.empty()) check_folder_of(options.umap_file);
  const Work work(console, options.quiet);
  embed(options, work.job());
  const auto comparison = compare_encoders(options.folder, options.predictor, work.job());
  write_file(encoder_comparison_path(options.folder), encoder_comparison_to_json(comparison));
  if (!options.umap_file.empty()) write_file(options.umap_file, render_csv(umap_table(comparison)));
  options.output.deliver(render(report_of(comparison, options), options.output.format()), console);
}

}  // namespace w2s::cli
