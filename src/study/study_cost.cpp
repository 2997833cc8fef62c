#include "w2s/study.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <set>

#include "engine/reading/layerwise_reader.h"
#include "study/study_plan.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

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
DecodeCounts count_prompts(std::span<const TokenizedSample> samples, std::size_t prefix, ExecutorChoice executor) {
  const std::size_t together = executor == ExecutorChoice::minimal ? LayerwiseReader::most_at_once : 1;
  DecodeCounts counts{.prompts = samples.size(), .decodes = batches(samples.size(), together)};
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

std::size_t batches_of_steered_rows(std::size_t samples, const SweepRows& rows) {
  const std::size_t steered = rows.interventions * rows.sources;
  if (rows.executor == ExecutorChoice::minimal)
    return steered == 0 ? 0 : batches(samples, LayerwiseReader::most_at_once);
  const std::size_t independent = rows.interventions * (rows.sources - rows.dependent_sources);
  const std::size_t room = rows.sequences - (rows.reads_answers ? answers : 1);
  const std::size_t beside_prompt = rows.chooses_layers ? 0 : std::min(independent, room);
  return samples * batches(steered - beside_prompt, rows.sequences);
}

DecodeCounts count_steered(std::span<const TokenizedSample> samples, const SweepRows& rows) {
  const std::size_t steered = rows.interventions * rows.sources;
  const std::uint64_t skipped = rows.skipped_layers * rows.sources;
  DecodeCounts counts{.steered_rows = samples.size() * steered,
                      .decodes = batches_of_steered_rows(samples.size(), rows),
                      .skipped_layers = samples.size() * skipped};
  for (const auto& sample : samples) {
    counts.attended += steered * sample.prompt.size();
    counts.skipped_attended += skipped * sample.prompt.size();
  }
  return counts;
}

// Of a sweep, but for the prefix.
DecodeCounts count_samples(std::span<const TokenizedSample> samples, std::size_t prefix, const SweepRows& rows,
                           std::size_t already_read) {
  const auto to_read = samples.subspan(already_read);
  auto counts = count_prompts(to_read, prefix, rows.executor);
  counts += count_steered(samples, rows);
  if (rows.reads_answers) counts += count_answers(to_read);
  return counts;
}

bool is_input_dependent(const SteeringMethod& method) { return method.looks_at_prompt || !method.learns; }

SweepRows base_rows(const StudyPlan& plan) {
  const auto a_source = interventions(plan.grid);
  SweepRows rows{.executor = plan.executor,
                 .interventions = a_source.size(),
                 .sources = plan.methods.size(),
                 .sequences = plan.decoder.sequences};
  for (const auto& name : plan.methods) {
    const auto& method = steering_method(name);
    if (is_input_dependent(method)) ++rows.dependent_sources;
    rows.reads_answers = rows.reads_answers || !method.learns;
  }
  if (plan.executor == ExecutorChoice::minimal)
    for (const auto& intervention : a_source) rows.skipped_layers += intervention.layers.front().layer + 1;
  return rows;
}

std::size_t layers_of_variants(const StudyPlan& plan) {
  const std::size_t all = plan.grid.layers.size();
  return plan.variants_at_all_layers ? all : std::min(all, planned_variant_layers(plan.methods.size(), all));
}

// The rows of a variant beside BASE, which is swept at some layers only unless it is asked for more.
SweepRows variant_rows(const StudyPlan& plan) {
  auto rows = base_rows(plan);
  if (plan.variants_at_all_layers) return rows;
  const std::size_t layers = layers_of_variants(plan);
  const std::size_t all = plan.grid.layers.size();
  rows.interventions = rows.interventions / all * layers;
  rows.skipped_layers = rows.skipped_layers * layers / all;  // as of layers of mean depth
  rows.chooses_layers = true;
  return rows;
}

bool learns(const StudyPlan& plan) {
  return std::ranges::any_of(plan.methods, [](const auto& name) { return steering_method(name).learns; });
}

std::uint64_t key_value_width(const ModelShape& shape) {
  return shape.key_value_width > 0 ? shape.key_value_width : 2 * shape.width;
}

// Of what is kept of a prompt: keys and values, and the residual stream at its last token and between its answers.
std::uint64_t bytes_of_kept(const TokenizedSample& sample, const ModelShape& shape) {
  return sizeof(float) * shape.layers * (sample.prompt.size() * key_value_width(shape) + 2 * shape.width);
}

// The samples in BASE. Those whose prompts are kept when they are read for making vectors come first.
struct BaseSamples {
  std::vector<TokenizedSample> tokens = {};
  std::size_t kept = 0;
  std::uint64_t kept_bytes = 0;
};

BaseSamples base_samples(const PreparedBehavior& prepared, const StudyPlan& plan, const ModelShape& shape) {
  BaseSamples base;
  std::vector<TokenizedSample> not_kept;
  const bool keeps = plan.executor == ExecutorChoice::minimal && learns(plan);
  for (const auto& item : prepared.items.at(PromptVariant::base)) {
    const auto bytes = base.kept_bytes + bytes_of_kept(item.tokens, shape);
    const bool is_kept = keeps && item.part != SplitPart::test && bytes <= plan.prompt_cache_bytes;
    if (is_kept) base.kept_bytes = bytes;
    (is_kept ? base.tokens : not_kept).push_back(item.tokens);
  }
  base.kept = base.tokens.size();
  std::ranges::move(not_kept, std::back_inserter(base.tokens));
  return base;
}

DecodeCounts count_fitting(const PreparedBehavior& prepared, const StudyPlan& plan) {
  DecodeCounts counts;
  if (!learns(plan)) return counts;
  for (const auto* part : {&prepared.split.train, &prepared.split.validation})
    counts += count_representations(prepared.base_tokens(*part), plan.executor);
  return counts;
}

DecodeCounts count_behavior(const PreparedBehavior& prepared, const StudyPlan& plan, const BaseSamples& base) {
  auto counts = count_fitting(prepared, plan);
  counts += count_sweep(base.tokens, base_rows(plan), base.kept);
  for (const auto& [variant, items] : prepared.items)
    if (variant != PromptVariant::base) counts += count_sweep(tokens_of(items), variant_rows(plan));
  return counts;
}

// What SQLite was seen to need for a number with its keys; what an encoder saw of a prompt fills whole pages.
constexpr std::uint64_t bytes_a_number = 40;
constexpr std::uint64_t bytes_a_page = 4096;

std::uint64_t store_bytes(const PreparedBehavior& prepared, const StudyPlan& plan, const ModelShape& shape) {
  const std::uint64_t a_layer = plan.methods.size() * (plan.grid.multipliers.size() + 1) * bytes_a_number;
  const std::uint64_t encodings =
      plan.encoders.size() * batches(shape.width * sizeof(float), bytes_a_page) * bytes_a_page;
  std::uint64_t bytes = 0;
  for (const auto& [variant, items] : prepared.items) {
    const auto layers = variant == PromptVariant::base ? plan.grid.layers.size() : layers_of_variants(plan);
    bytes += items.size() * (layers * a_layer + encodings);
  }
  return bytes;
}

MemoryNeeds memory_needs(const StudyPlan& plan, const ModelShape& shape) {
  constexpr std::uint64_t half = 2;
  const std::uint64_t a_number = plan.decoder.f32_cache ? sizeof(float) : half;
  return {.model = shape.bytes > 0 ? shape.bytes : half * shape.parameters,
          .key_value_caches = plan.decoders * plan.decoder.context * shape.layers * key_value_width(shape) * a_number};
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
  CalibrationSweep(const StudyPlan& plan, const Model& model, std::span<Decoder> decoders)
      : shape_(shape_of(model, plan.executor)),
        items_(plan.behaviors.front().items.at(PromptVariant::base)),
        tokens_(tokens_of(items_)),
        source_(some_source(model.info())),
        executors_(make_executors(decoders, plan.executor)),
        request_{.grid = plan.grid, .encoders = plan.encoders, .sources = {}},
        rows_(base_rows(plan)) {
    request_.sources.assign(plan.methods.size(), &source_);
    rows_.dependent_sources = 0;
    rows_.reads_answers = false;
  }

  [[nodiscard]] std::size_t samples() const { return items_.size(); }
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
    const auto done = flops(shape_, count_samples(swept, common_prefix_length(tokens_), rows_, 0));
    return {.samples = count, .seconds = seconds, .flops_per_second = done / seconds};
  }

 private:
  ModelShape shape_;
  std::span<const SweepItem> items_;
  std::vector<TokenizedSample> tokens_;
  ConstantSource source_;
  std::vector<std::unique_ptr<SweepExecutor>> executors_;
  SweepRequest request_;
  SweepRows rows_;
};

}  // namespace

ModelShape shape_of(const ModelInfo& model) {
  return {.parameters = model.parameters - model.lookup_parameters,
          .layers = model.layers,
          .width = model.width,
          .bytes = model.bytes};
}

ModelShape shape_of(const Model& model, ExecutorChoice executor) {
  auto shape = shape_of(model.info());
  if (executor == ExecutorChoice::minimal) shape.parameters -= model.info().vocabulary * model.info().width;
  if (!LayerwiseModel::reason_against(model)) shape.key_value_width = 2 * LayerwiseModel(model).layer_shape().kv_width;
  return shape;
}

DecodeCounts& DecodeCounts::operator+=(const DecodeCounts& other) {
  prompts += other.prompts;
  prompt_tokens += other.prompt_tokens;
  steered_rows += other.steered_rows;
  answer_tokens += other.answer_tokens;
  decodes += other.decodes;
  attended += other.attended;
  skipped_layers += other.skipped_layers;
  skipped_attended += other.skipped_attended;
  return *this;
}

double flops(const ModelShape& shape, const DecodeCounts& counts) {
  const auto layers = static_cast<double>(shape.layers);
  const auto a_token = 2.0 * static_cast<double>(shape.parameters);
  const auto a_position = 4.0 * layers * static_cast<double>(shape.width);
  const auto skipped =
      a_token * static_cast<double>(counts.skipped_layers) + a_position * static_cast<double>(counts.skipped_attended);
  return a_token * static_cast<double>(counts.tokens()) + a_position * static_cast<double>(counts.attended) -
         skipped / layers;
}

DecodeCounts count_sweep(std::span<const TokenizedSample> samples, const SweepRows& rows, std::size_t already_read) {
  if (samples.empty()) return {};
  const std::size_t prefix = common_prefix_length(samples);
  auto counts = already_read < samples.size() ? count_prefix(prefix) : DecodeCounts{};
  counts += count_samples(samples, prefix, rows, already_read);
  return counts;
}

DecodeCounts count_representations(std::span<const TokenizedSample> samples, ExecutorChoice executor) {
  return count_sweep(samples, {.executor = executor, .sources = 0, .reads_answers = true});
}

std::size_t planned_variant_layers(std::size_t methods, std::size_t layers) {
  // Three methods with four policies of five seeds each needed 4 of 30 layers on 30 samples, 7 at most; predictors that
  // have seen more samples differ more.
  constexpr std::size_t baselines = 2;
  constexpr std::size_t chosen_by_a_method = 2;
  return std::min(layers, baselines + methods * chosen_by_a_method);
}

StudyCost cost_of(const StudyPlan& plan, const ModelShape& shape) {
  StudyCost cost{.executor = plan.executor, .behaviors = {}, .memory = memory_needs(plan, shape)};
  for (const auto& prepared : plan.behaviors) {
    const auto base = base_samples(prepared, plan, shape);
    cost.memory.kept_prompts = std::max(cost.memory.kept_prompts, base.kept_bytes);
    cost.behaviors.push_back({.behavior = prepared.behavior.name,
                              .samples = prepared.behavior.samples.size(),
                              .counts = count_behavior(prepared, plan, base),
                              .store_bytes = store_bytes(prepared, plan, shape)});
  }
  return cost;
}

Calibration calibrate(const StudyPlan& plan, const Model& model, const Job& job) {
  constexpr double enough_seconds = 5;
  auto decoders = make_decoders(model, plan.decoder, plan.decoders);
  const CalibrationSweep trial(plan, model, decoders);

  // Twice as many samples each time, until it took long enough to tell. Only the last time counts: the first has
  // decoded the shared prefix, and warmed everything up.
  Calibration calibration;
  std::size_t first = 0;
  for (std::size_t count = trial.executors(); first < trial.samples() && calibration.seconds < enough_seconds;
       count *= 2) {
    count = std::min(count, trial.samples() - first);
    calibration = trial.measure(first, count, job.stop);
    first += count;
  }
  return calibration;
}

}  // namespace w2s
