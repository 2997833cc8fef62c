#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/work.h"
#include "cli/options/options.h"
#include "cli/print/outcome_report.h"
#include "cli/print/output.h"
#include "cli/print/sweep_report.h"
#include "w2s/base.h"
#include "w2s/decoding.h"
#include "w2s/study.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

namespace w2s::cli {
namespace {

struct SweepOptions {
  std::filesystem::path model;
  ModelOptions model_options;
  DecoderOptions decoder{.context = 0};
  std::vector<std::string> data;
  DataSelection selection;
  std::vector<PromptVariant> variants = {PromptVariant::base};
  std::filesystem::path vectors;
  LayerList layers;
  std::vector<float> multipliers;
  ExecutorChoice executor = ExecutorChoice::automatic;
  SteeringOperator operation = SteeringOperator::add;
  OutputOptions output;
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add(w2s::model_options(model, model_options, decoder));
    line.add(data_options(data, selection));
    line.add({variants_option(variants)});
    line.add("Sweep",
             {option("--vectors", vectors, any_path("FILE.gguf"), "Steering vectors for this model, from 'w2s vectors'")
                  .required()});
    line.add(grid_options(layers, multipliers, executor));
    line.add({operator_option(operation)});
    output.add_format_to(line);
    output.add_file_to(line);
    line.add(
        {seed_option(selection.seed, "the samples of --limit"), threads_option(decoder.threads), quiet_option(quiet)});
  }
};

// What is swept, all of it checked before the first sample is.
struct PreparedSweep {
  SweepGrid grid;
  std::vector<std::vector<SweepItem>> items_by_variant;
  DecoderOptions decoder;
  ExecutorChoice executor = ExecutorChoice::automatic;
};

std::vector<SweepItem> items_of(const Model& model, const Behavior& behavior, PromptVariant variant) {
  std::vector<SweepItem> items;
  for (std::size_t i = 0; i < behavior.samples.size(); ++i) {
    const auto& sample = behavior.samples[i];
    items.push_back({.key = {.sample = i, .variant = variant},
                     .id = sample.id,
                     .part = SplitPart::test,
                     .tokens = tokenize_sample(model, behavior, sample, variant)});
  }
  return items;
}

PreparedSweep prepare(const SweepOptions& options, const Model& model, const Behavior& behavior) {
  const auto& info = model.info();
  PreparedSweep prepared{.grid = grid_of(options.layers, options.multipliers, options.operation, info.layers),
                         .items_by_variant = {},
                         .decoder = {}};
  prepared.executor = resolve_executor(options.executor, model);
  prepared.decoder = options.decoder;

  constexpr std::size_t sources = 1;
  std::size_t needed = 0;
  for (const auto variant : options.variants) {
    const auto items = items_of(model, behavior, variant);
    check_context(info, prepared.decoder.context, prepared.grid, sources, items, prepared.decoder.sequences);
    needed = std::max(needed, required_context(prepared.grid, sources, items, prepared.decoder.sequences));
    prepared.items_by_variant.push_back(items);
  }
  if (prepared.decoder.context == 0) prepared.decoder.context = needed;
  return prepared;
}

void check_fits(const std::filesystem::path& file, const VectorSource& source, const ModelInfo& model,
                std::span<const std::size_t> layers) {
  try {
    w2s::check_fits(source, model, layers);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", file.string(), error.what()));
  }
}

// Samples finish in any order, several at a time.
class SweepResults {
 public:
  SweepResults(const PreparedSweep& prepared, std::function<void(std::string_view)> print_line)
      : multipliers_(prepared.grid.multipliers),
        names_variant_(prepared.items_by_variant.size() > 1),
        lines_(std::move(print_line)) {
    for (const auto& items : prepared.items_by_variant)
      for (const auto& item : items) positions_.emplace(item.key, positions_.size());
  }

  void add(const SweepRecord& record) {
    lines_.add(positions_.at(record.key), sample_line(record, multipliers_, names_variant_));
    records_.push_back(record);
  }

  /// In the order of variants and samples.
  [[nodiscard]] std::vector<SweepRecord> take_records() {
    std::ranges::sort(records_, {}, [this](const auto& record) { return positions_.at(record.key); });
    return std::move(records_);
  }

 private:
  std::vector<float> multipliers_;
  bool names_variant_;
  InOrder lines_;
  std::map<SweepKey, std::size_t> positions_;
  std::vector<SweepRecord> records_;
};

NoiseFloor sweep_all(const PreparedSweep& prepared, const VectorSource& source, std::vector<Decoder>& decoders,
                     SweepResults& results, const Job& job) {
  const SweepRequest request{.grid = prepared.grid, .encoders = {}, .sources = {&source}};
  auto executors = make_executors(decoders, prepared.executor);
  for (const auto& items : prepared.items_by_variant) {
    sweep(
        executors, request, items, [](const SweepKey&) { return false; },
        [&](const SweepRecord& record) { results.add(record); }, job);
  }
  executors.clear();
  return measure_noise_floor(prepared.executor, decoders.front(), request, prepared.items_by_variant.front(), 4, job);
}

}  // namespace

void sweep_command(const Arguments& arguments, const Console& console) {
  SweepOptions options;
  CommandLine line("sweep",
                   "Measures how well each layer steers each sample: the prompt once for every layer and multiplier, "
                   "then the slope of the preference for the positive answer over the multiplier (steerability). "
                   "Prints a summary by layer; --format jsonl prints a line a sample, with the whole map. For a sweep "
                   "that can be interrupted and resumed use 'w2s run'.",
                   "w2s sweep -m model.gguf --data openness.jsonl --vectors openness.gguf --multipliers -1,0,1");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  options.output.check();
  const auto format = options.output.format();
  const bool prints_as_it_goes = format == Format::jsonl && options.output.file.empty();
  std::string lines;
  const auto print_line = [&](std::string_view text) {
    if (prints_as_it_goes) {
      console.out(text);
    } else if (format == Format::jsonl) {
      lines += text;
    }
  };

  const auto behavior = read_single_behavior(options.data, options.selection);
  const auto source = read_vector_source(options.vectors);
  Work work(console, options.quiet);
  warn_if_limited(options.selection, work);
  const auto model = Model::load(options.model, options.model_options);
  check_fits(options.vectors, *source, model.info(), {});
  warn_if_quantized(model.info(), work);
  const auto prepared = prepare(options, model, behavior);
  check_fits(options.vectors, *source, model.info(), prepared.grid.layers);
  auto decoders = make_decoders(model, prepared.decoder);
  SweepResults results(prepared, print_line);
  const auto noise = sweep_all(prepared, *source, decoders, results, work.job());

  if (format == Format::jsonl) {
    if (!prints_as_it_goes) options.output.deliver(lines, console);
    if (!options.quiet) console.err(fmt::format("noise floor: {}\n", describe(noise)));
    return;
  }
  const auto records = results.take_records();
  options.output.deliver(format == Format::json ? sweep_json(behavior.name, records, prepared.grid, noise)
                                                : render(sweep_report(records, prepared.grid, noise), format),
                         console);
}

}  // namespace w2s::cli
