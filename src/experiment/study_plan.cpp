#include "w2s/study_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include "study/fitted_sources.h"
#include "study/prepared_behavior.h"
#include "w2s/constant_source.h"
#include "w2s/error.h"
#include "w2s/prompt_encoder.h"
#include "w2s/steering_methods.h"
#include "w2s/study_options.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

// The token at position p attends to p + 1 positions: those of tokens `first` to `last` - 1 together.
std::uint64_t attended_by(std::uint64_t first, std::uint64_t last) {
  return (last * (last + 1) - first * (first + 1)) / 2;
}

std::size_t batches(std::size_t rows, std::size_t rows_of_a_batch) {
  return (rows + rows_of_a_batch - 1) / rows_of_a_batch;
}

constexpr std::size_t answers = 2;

DecodeCounts count_prefix(std::size_t prefix) {
  if (prefix == 0) return {};
  return {.prompt_tokens = prefix, .decodes = 1, .attended = attended_by(0, prefix)};
}

// Prompts behind what they begin with in common.
DecodeCounts count_prompts(std::span<const TokenizedSample> samples, std::size_t prefix) {
  DecodeCounts counts{.prompts = samples.size(), .decodes = samples.size()};
  for (const auto& sample : samples) {
    counts.prompt_tokens += sample.prompt.size() - prefix;
    counts.attended += attended_by(prefix, sample.prompt.size());
  }
  return counts;
}

DecodeCounts count_answers(std::span<const TokenizedSample> samples) {
  DecodeCounts counts{.answer_tokens = answers * samples.size()};
  for (const auto& sample : samples) counts.attended += answers * (sample.prompt.size() + 1);
  return counts;
}

DecodeCounts count_steered(std::span<const TokenizedSample> samples, const SweepRows& rows) {
  const std::size_t steered = rows.interventions * rows.sources;
  const std::size_t independent = rows.interventions * (rows.sources - rows.dependent_sources);
  const std::size_t room = rows.sequences - (rows.reads_answers ? answers : 1);
  const std::size_t beside_prompt = rows.chooses_layers ? 0 : std::min(independent, room);
  DecodeCounts counts{.steered_rows = samples.size() * steered,
                      .decodes = samples.size() * batches(steered - beside_prompt, rows.sequences)};
  for (const auto& sample : samples) counts.attended += steered * sample.prompt.size();
  return counts;
}

// Of a sweep, but for the prefix.
DecodeCounts count_samples(std::span<const TokenizedSample> samples, std::size_t prefix, const SweepRows& rows) {
  auto counts = count_prompts(samples, prefix);
  counts += count_steered(samples, rows);
  if (rows.reads_answers) counts += count_answers(samples);
  return counts;
}

bool is_input_dependent(const SteeringMethod& method) { return method.looks_at_prompt || !method.learns; }

// What of a study decides how much is decoded.
struct StudyShape {
  std::vector<std::string> methods;
  SweepGrid grid;
  SweepRows rows;
};

StudyShape study_shape(const StudySettings& settings, std::size_t layers) {
  StudyShape shape{.methods = methods_to_sweep(settings.methods), .grid = full_grid(layers), .rows = {}};
  if (!settings.layers.empty()) shape.grid.layers = settings.layers.of_model(layers);
  if (!settings.multipliers.empty()) shape.grid.multipliers = settings.multipliers;
  shape.grid.operation = settings.operation;
  static_cast<void>(settings.context_layers.of_model(layers));
  shape.rows.interventions = interventions(shape.grid).size();
  shape.rows.sources = shape.methods.size();
  for (const auto& name : shape.methods) {
    const auto& method = steering_method(name);
    if (is_input_dependent(method)) ++shape.rows.dependent_sources;
    shape.rows.reads_answers = shape.rows.reads_answers || !method.learns;
  }
  shape.rows.sequences = settings.decoder.sequences;
  return shape;
}

DecodeCounts count_fitting(const PreparedBehavior& prepared, std::span<const std::string> methods) {
  DecodeCounts counts;
  if (std::ranges::none_of(methods, [](const auto& name) { return steering_method(name).learns; })) return counts;
  for (const auto* part : {&prepared.split.train, &prepared.split.validation})
    counts += count_representations(prepared.base_tokens(*part));
  return counts;
}

// The rows of a variant beside BASE, which is swept at some layers only unless it is asked for more.
SweepRows variant_rows(const StudyShape& shape, bool at_all_layers) {
  auto rows = shape.rows;
  if (at_all_layers) return rows;
  auto grid = shape.grid;
  const auto all = grid.layers.size();
  grid.layers.resize(std::min(all, planned_variant_layers(shape.methods.size(), all)));
  rows.interventions = interventions(grid).size();
  rows.chooses_layers = true;
  return rows;
}

DecodeCounts count_behavior(const PreparedBehavior& prepared, const StudyShape& shape, bool variants_at_all_layers) {
  auto counts = count_fitting(prepared, shape.methods);
  for (const auto& [variant, items] : prepared.items) {
    const bool is_base = variant == PromptVariant::base;
    counts += count_sweep(tokens_of(items), is_base ? shape.rows : variant_rows(shape, variants_at_all_layers));
  }
  return counts;
}

void check_folds(const PreparedBehavior& prepared, std::size_t folds) {
  const std::size_t fitting = prepared.split.fitting().size();
  if (fitting >= folds) return;
  throw Error(ErrorKind::predictor,
              fmt::format("{}: of its {} samples, {} are for fitting, fewer than the {} folds of cross-validation",
                          prepared.behavior.name, prepared.behavior.samples.size(), fitting, folds));
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Vectors that hardly change anything: a sweep takes as long with them as with others.
ConstantSource some_source(const ModelInfo& model) {
  return {
      {.method = "calibration", .model_architecture = model.architecture, .layers = model.layers, .width = model.width},
      std::vector<float>(model.layers * model.width, 1e-3F)};
}

// What a study sweeps first, and with what.
class CalibrationSweep {
 public:
  CalibrationSweep(const StudyShape& study, const Model& model, std::span<const SweepItem> items,
                   std::span<Decoder> decoders, ExecutorChoice executor)
      : model_(model),
        items_(items),
        tokens_(tokens_of(items)),
        source_(some_source(model.info())),
        executors_(make_executors(decoders, executor)) {
    request_.grid = study.grid;
    request_.encoders = default_prompt_encoders(model.info().layers);
    request_.sources.assign(study.methods.size(), &source_);
    rows_ = {
        .interventions = study.rows.interventions, .sources = study.rows.sources, .sequences = study.rows.sequences};
  }

  [[nodiscard]] std::size_t executors() const { return executors_.size(); }

  [[nodiscard]] Calibration measure(std::size_t first, std::size_t count, const std::stop_token& stop) const {
    std::set<SweepKey> round;
    for (const auto& item : items_.subspan(first, count)) round.insert(item.key);
    const auto start = std::chrono::steady_clock::now();
    sweep(
        executors_, request_, items_, [&](const SweepKey& key) { return !round.contains(key); },
        [](const SweepRecord&) {}, Job{.on_progress = {}, .on_warning = {}, .stop = stop});
    const double seconds = seconds_since(start);
    const auto swept = std::span(tokens_).subspan(first, count);
    const auto done = flops(shape_of(model_.info()), count_samples(swept, common_prefix_length(tokens_), rows_));
    return {.samples = count, .seconds = seconds, .flops_per_second = done / seconds};
  }

 private:
  Model model_;
  std::span<const SweepItem> items_;
  std::vector<TokenizedSample> tokens_;
  ConstantSource source_;
  std::vector<std::unique_ptr<SweepExecutor>> executors_;
  SweepRequest request_;
  SweepRows rows_;
};

}  // namespace

ModelShape shape_of(const ModelInfo& model) {
  return {.parameters = model.parameters - model.lookup_parameters, .layers = model.layers, .width = model.width};
}

DecodeCounts& DecodeCounts::operator+=(const DecodeCounts& other) {
  prompts += other.prompts;
  prompt_tokens += other.prompt_tokens;
  steered_rows += other.steered_rows;
  answer_tokens += other.answer_tokens;
  decodes += other.decodes;
  attended += other.attended;
  return *this;
}

double flops(const ModelShape& shape, const DecodeCounts& counts) {
  const auto products = 2.0 * static_cast<double>(shape.parameters) * static_cast<double>(counts.tokens());
  const auto a_position = 4.0 * static_cast<double>(shape.layers) * static_cast<double>(shape.width);
  return products + a_position * static_cast<double>(counts.attended);
}

DecodeCounts count_sweep(std::span<const TokenizedSample> samples, const SweepRows& rows) {
  if (samples.empty()) return {};
  const std::size_t prefix = common_prefix_length(samples);
  auto counts = count_prefix(prefix);
  counts += count_samples(samples, prefix, rows);
  return counts;
}

DecodeCounts count_representations(std::span<const TokenizedSample> samples) {
  return count_sweep(samples, {.sources = 0, .reads_answers = true});
}

std::size_t planned_variant_layers(std::size_t methods, std::size_t layers) {
  // Three methods with four policies of five seeds each needed 4 of 30 layers on 30 samples, 7 at most; predictors that
  // have seen more samples differ more.
  constexpr std::size_t baselines = 2;
  constexpr std::size_t chosen_by_a_method = 2;
  return std::min(layers, baselines + methods * chosen_by_a_method);
}

std::vector<BehaviorCost> cost_of_study(const StudySettings& asked, const Model& model, const ModelShape& shape) {
  const auto settings = handed_down(asked);
  const auto study = study_shape(settings, shape.layers);
  std::vector<BehaviorCost> costs;
  for (const auto& prepared : prepare_behaviors(settings, model)) {
    check_folds(prepared, settings.fit.predictor.folds);
    for (const auto& [variant, items] : prepared.items)
      check_context(model.info(), settings.decoder.context, study.grid, study.methods.size(), items,
                    settings.decoder.sequences);
    costs.push_back({.behavior = prepared.behavior.name,
                     .samples = prepared.behavior.samples.size(),
                     .counts = count_behavior(prepared, study, settings.variants_at_all_layers)});
  }
  return costs;
}

Calibration calibrate(const StudySettings& asked, const Model& model, const Job& job) {
  constexpr double enough_seconds = 5;
  const auto settings = handed_down(asked);
  const auto study = study_shape(settings, model.info().layers);
  const auto behaviors = prepare_behaviors(settings, model);
  const auto& items = behaviors.front().items.at(PromptVariant::base);
  auto decoder_options = settings.decoder;
  if (decoder_options.context == 0)
    decoder_options.context = required_context(study.grid, study.methods.size(), items, decoder_options.sequences);
  auto decoders = make_decoders(model, decoder_options);
  const CalibrationSweep trial(study, model, items, decoders, settings.executor);

  // Twice as many samples each time, until it took long enough to tell. Only the last time counts: the first has
  // decoded the shared prefix, and warmed everything up.
  Calibration calibration;
  std::size_t first = 0;
  for (std::size_t count = trial.executors(); first < items.size() && calibration.seconds < enough_seconds;
       count *= 2) {
    count = std::min(count, items.size() - first);
    calibration = trial.measure(first, count, job.stop);
    first += count;
  }
  return calibration;
}

}  // namespace w2s
