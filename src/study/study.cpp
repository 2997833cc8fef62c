#include "w2s/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/parallel.h"
#include "engine/reading/prompt_state_cache.h"
#include "results/settings_file.h"
#include "results/stage_timer.h"
#include "study/fitted_sources.h"
#include "study/needed_layers.h"
#include "study/ranked_sweep.h"
#include "study/staged_job.h"
#include "study/steered_example.h"
#include "study/study_encoders.h"
#include "study/study_plan.h"
#include "w2s/base.h"
#include "w2s/model.h"
#include "w2s/results.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t noise_floor_samples = 4;

using TextEncoders = std::vector<std::unique_ptr<TextEncoder>>;

// Those that choose what is measured and fitted. Model and data are told by their hashes.
std::map<std::string, std::string> recorded_options(StudySettings settings) {
  std::map<std::string, std::string> recorded;
  for (const auto& option : study_options(settings))
    if (option.group != "Model" && option.key() != "data") recorded[option.key()] = joined(option.shown());
  return recorded;
}

SettingsFile settings_of(const StudySettings& settings, const Model& model, const StudyPlan& plan) {
  SettingsFile file;
  file.measurement = {
      {"model", sha256_of_file(settings.model)},
      {"device", model.info().on_gpu ? "GPU" : "CPU"},
      {"llama.cpp", std::string(llama_version())},
      {"architecture", model.info().architecture},
      {"methods", fmt::format("{}", fmt::join(plan.methods, ","))},
      {"operator", std::string(to_string(plan.grid.operation))},
      {"layers", fmt::format("{}", fmt::join(plan.grid.layers, ","))},
      {"multipliers", fmt::format("{}", fmt::join(plan.grid.multipliers, ","))},
      {"limit", std::to_string(settings.selection.limit)},
      {"seed", std::to_string(settings.seed)},
      {"key-value cache", settings.decoder.f32_cache ? "F32" : "F16"},
      {"chat template", settings.model_options.chat_template.empty() ? "the model's own"
                                                                     : sha256(settings.model_options.chat_template)}};
  // Folders from before there was a choice have rows.
  if (plan.executor != ExecutorChoice::rows) file.measurement["executor"] = to_string(plan.executor);
  file.measurement.merge(describe_method_options(plan.methods, plan.method_options));
  for (const auto& behavior : plan.behaviors) file.data[behavior.behavior.name] = content_hash(behavior.behavior);
  file.run = {{"w2s", std::string(version())},
              {"model file", settings.model.filename().string()},
              {"weights", model.info().weight_type},
              {"machine", machine_description()},
              {"threads", std::to_string(thread_count(settings.threads))}};
  file.options = recorded_options(settings);
  return file;
}

SweepStoreHeader header_of(const PreparedBehavior& prepared, const SweepRequest& request, const StudyPlan& plan,
                           const SettingsFile& settings, const ModelInfo& model) {
  auto header_settings = settings.measurement;
  header_settings["data"] = settings.data.at(prepared.behavior.name);
  return {.behavior = prepared.behavior.name,
          .samples = prepared.behavior.samples.size(),
          .model_layers = model.layers,
          .width = model.width,
          .methods = plan.methods,
          .grid = plan.grid,
          .encoders = request.encoders,
          .settings = std::move(header_settings)};
}

void sweep_base(const PreparedBehavior& prepared, const SweepRequest& request, const StudyPlan& plan,
                PromptStateCache& cache, std::span<Decoder> decoders, RankedSweep& sweeps, Ranks& ranks,
                const Job& job) {
  const auto& items = prepared.items.at(PromptVariant::base);
  sweeps.together(
      [&](const SweepStore& measured, SweepStore& own) {
        sweep(make_executors(decoders, plan.executor, &cache), request, items, measured, own, ranks.share(), job);
      },
      job);
  if (!ranks.is_first() || sweeps.store().noise_floor()) return;
  sweeps.store().set_noise_floor(
      measure_noise_floor(plan.executor, decoders.front(), request, items, noise_floor_samples, job));
}

LayerSelector layers_for_variants(const BehaviorFolder& folder, const StudyPlan& plan) {
  if (plan.variants_at_all_layers)
    return [&plan](const SweepKey&, std::span<const std::vector<float>>) { return plan.grid.layers; };
  return NeededLayers(BehaviorResults(folder));
}

// After the fit, which decides where.
void sweep_variants(const BehaviorFolder& folder, const PreparedBehavior& prepared, const SweepRequest& request,
                    const StudyPlan& plan, std::span<Decoder> decoders, RankedSweep& sweeps, Ranks& ranks,
                    const Job& job) {
  if (prepared.items.size() == 1) return;
  const auto sweep_share = [&](const SweepStore& measured, SweepStore& own) {
    auto at_layers = request;
    at_layers.choose_layers = layers_for_variants(folder, plan);
    // Each variant by itself: its prompts share more, and adding a variant later leaves the others' numbers as they
    // are.
    for (const auto& [variant, items] : prepared.items) {
      if (variant == PromptVariant::base) continue;
      const auto own_job = suffixed(job, std::string(to_string(variant)));
      sweep(make_executors(decoders, plan.executor), at_layers, items, measured, own, ranks.share(), own_job);
    }
  };
  sweeps.together(sweep_share, job);
}

// For people: nothing that is measured depends on it.
void record_prompts(const BehaviorFolder& folder, const PreparedBehavior& prepared, const Model& model) {
  if (fs::exists(folder.prompts())) return;
  std::vector<PromptText> texts;
  for (const auto& item : prepared.items.at(PromptVariant::base))
    texts.push_back(make_prompt_text(model, item.id, item.tokens));
  write_prompt_texts(folder, texts);
}

// The first rank's time of a stage is that of all: they wait for each other.
template <typename Work>
decltype(auto) timed_by_first(const Ranks& ranks, const BehaviorFolder& folder, std::string stage, const Job& job,
                              Work work) {
  if (!ranks.is_first()) return work(job);
  return timed(folder, std::move(stage), job, std::move(work));
}

// What cannot be divided between ranks.
void embed_and_fit(const BehaviorFolder& folder, const PreparedBehavior& prepared, const StudyPlan& plan,
                   const TextEncoders& text_encoders, const Job& job) {
  std::vector<PromptVariant> variants;
  for (const auto& [variant, items] : prepared.items) variants.push_back(variant);
  timed(folder, "embeddings", job, [&](const Job& own) {
    for (const auto& encoder : text_encoders)
      embed_prompts(folder, prepared.behavior, prepared.split, variants, *encoder, own);
  });
  timed(folder, "predictor", job, [&](const Job& own) {
    const BehaviorResults measured(folder);
    if (!is_fitted(measured, plan.fit)) static_cast<void>(fit_behavior(measured, plan.fit, own));
  });
}

// What layerwise readers read of a prompt, the sweep goes on from: they read it as the sweep does.
struct SampleReaders {
  std::vector<std::unique_ptr<PromptReader>> readers;
  SampleReading reading;
};

SampleReaders sample_readers(const PreparedBehavior& prepared, const SweepRequest& request, const StudyPlan& plan,
                             std::span<Decoder> decoders, PromptStateCache& cache) {
  SampleReaders samples;
  if (plan.executor == ExecutorChoice::rows) {
    samples.readers = make_prompt_readers(decoders);
  } else {
    samples.readers = make_layerwise_readers(decoders.front().model(), plan.method_options.threads, &cache);
    samples.reading.shared_prefix = common_prefix_length(tokens_of(prepared.items.at(PromptVariant::base)));
    samples.reading.mean_layers = needs_of(request.encoders).means;
  }
  samples.reading.readers = samples.readers;
  return samples;
}

// Everything there is to do for one behaviour, or what of it is missing.
void measure_behavior(const BehaviorFolder& folder, const PreparedBehavior& prepared, const StudyPlan& plan,
                      const SettingsFile& settings, const TextEncoders& text_encoders, std::span<Decoder> decoders,
                      Ranks& ranks, const Job& job) {
  const auto& model = decoders.front().model();
  if (ranks.is_first()) record_prompts(folder, prepared, model);
  SweepRequest request{.grid = plan.grid, .encoders = plan.encoders, .sources = {}};
  std::optional<PromptStateCache> cache(plan.prompt_cache_bytes);
  const auto sources = timed_by_first(ranks, folder, "vectors", job, [&](const Job& own) {
    const auto samples = sample_readers(prepared, request, plan, decoders, *cache);
    return fitted_sources(folder, prepared, plan.methods, plan.method_options, samples.reading, ranks, own);
  });
  for (const auto& source : sources) request.sources.push_back(source.get());
  RankedSweep sweeps(folder, header_of(prepared, request, plan, settings, model.info()), ranks);

  timed_by_first(ranks, folder, "sweep", job,
                 [&](const Job& own) { sweep_base(prepared, request, plan, *cache, decoders, sweeps, ranks, own); });
  cache.reset();
  if (ranks.is_first()) embed_and_fit(folder, prepared, plan, text_encoders, job);
  timed_by_first(ranks, folder, "variants", job, [&](const Job& own) {
    sweep_variants(folder, prepared, request, plan, decoders, sweeps, ranks, own);
  });
}

// What the folder is made with: written by the first rank, compared by all.
SettingsFile agreed_settings(const fs::path& folder, SettingsFile own, Ranks& ranks, const Job& job) {
  if (ranks.is_first()) {
    fs::create_directories(folder);
    if (const auto earlier = read_settings(folder)) own = merge_settings(folder, *earlier, own);
    write_settings(folder, own);
  }
  ranks.meet(job);
  const auto written = read_settings(folder);
  if (!written) {
    throw Error(ErrorKind::results, fmt::format("{}: does not have the settings.json that the first rank wrote; all "
                                                "ranks need the same file system",
                                                folder.string()));
  }
  return merge_settings(folder, *written, own);
}

// After all measurements.
StudyOutcome finish_study(const StudySettings& settings, const fs::path& folder, const StudyPlan& plan,
                          Decoder& decoder, const Job& job) {
  auto evaluation = settings.evaluation;
  evaluation.part = SplitPart::test;
  auto outcome = evaluate_study(folder, evaluation, job);
  const auto& first = plan.behaviors.front();
  const BehaviorResults results({folder / first.behavior.name});
  outcome.example = steered_example(results, first, plan.grid, decoder);
  return outcome;
}

}  // namespace

StudyOutcome run_study(const StudySettings& settings, const fs::path& folder, const Job& job) {
  SingleRank alone;
  return run_study(settings, folder, alone, job);
}

StudyOutcome run_study(const StudySettings& settings, const fs::path& folder, Ranks& ranks, const Job& job) {
  const auto own = handed_down(settings);
  const auto model = Model::load(own.model, own.model_options);
  const auto text_encoders = open_text_encoders(own);
  const std::size_t layers = model.info().layers;
  auto plan = plan_study(own, layers, executor_for(own, folder, model), model);
  plan.fit.encoder = encoder_by_name(own, layers, text_encoders);
  auto recorded = settings_of(own, model, plan);
  auto decoders = make_decoders(model, plan.decoder, plan.decoders);
  recorded = agreed_settings(folder, recorded, ranks, job);

  for (const auto& prepared : plan.behaviors) {
    const auto own_job = prefixed(job, prepared.behavior.name);
    const BehaviorFolder own_folder{folder / prepared.behavior.name};
    if (ranks.is_first()) fs::create_directories(own_folder.root);
    measure_behavior(own_folder, prepared, plan, recorded, text_encoders, decoders, ranks, own_job);
  }
  auto outcome = ranks.is_first() ? finish_study(own, folder, plan, decoders.front(), job) : StudyOutcome{};
  ranks.meet(job);
  return outcome;
}

StudyOutcome evaluate_study(const fs::path& folder, const EvaluationOptions& options, const Job& job) {
  const ResultsFolder results(folder);
  StudyOutcome outcome;
  for (const auto& own_folder : results.behaviors()) {
    job.check_stop();
    const BehaviorResults behavior(own_folder);
    std::ranges::move(evaluate_behavior(behavior, options), std::back_inserter(outcome.results));
    if (const auto noise = behavior.noise_floor())
      outcome.noise.emplace_back(own_folder.root.filename().string(), *noise);
    std::ranges::move(behavior.agreement(), std::back_inserter(outcome.agreement));
  }
  std::ranges::move(mean_over_behaviors(outcome.results), std::back_inserter(outcome.results));
  if (options.part == SplitPart::test) write_file(results.results_path(), results_to_json(outcome.results));
  return outcome;
}

}  // namespace w2s
