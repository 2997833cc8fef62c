#include "w2s/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "study/fitted_sources.h"
#include "study/needed_layers.h"
#include "study/prepared_behavior.h"
#include "study/settings_file.h"
#include "study/stage_timer.h"
#include "study/staged_job.h"
#include "study/steered_example.h"
#include "study/study_encoders.h"
#include "w2s/error.h"
#include "w2s/file.h"
#include "w2s/parallel.h"
#include "w2s/prompt_embeddings.h"
#include "w2s/prompt_texts.h"
#include "w2s/sweep.h"
#include "w2s/version.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t noise_floor_samples = 4;

fs::path results_path(const fs::path& folder) { return folder / "results.json"; }

std::string joined(std::span<const float> values) { return fmt::format("{}", fmt::join(values, ",")); }

using TextEncoders = std::vector<std::unique_ptr<TextEncoder>>;

// Everything that is decided before the first decode.
struct StudyPlan {
  std::vector<std::string> methods;
  MethodOptions method_options;
  SweepGrid grid;
  FitSettings fit;
  bool variants_at_all_layers = false;
};

SettingsFile settings_of(const StudySettings& settings, const Model& model, const StudyPlan& plan,
                         std::span<const PreparedBehavior> behaviors) {
  SettingsFile file;
  file.measurement = {
      {"model", sha256_of_file(settings.model)},
      {"device", model.info().on_gpu ? "GPU" : "CPU"},
      {"llama.cpp", std::string(llama_version())},
      {"architecture", model.info().architecture},
      {"methods", fmt::format("{}", fmt::join(plan.methods, ","))},
      {"operator", std::string(to_string(plan.grid.operation))},
      {"layers", fmt::format("{}", fmt::join(plan.grid.layers, ","))},
      {"multipliers", joined(plan.grid.multipliers)},
      {"limit", std::to_string(settings.selection.limit)},
      {"seed", std::to_string(settings.seed)},
      {"key-value cache", settings.decoder.f32_cache ? "F32" : "F16"},
      {"chat template", settings.model_options.chat_template.empty() ? "the model's own"
                                                                     : sha256(settings.model_options.chat_template)}};
  file.measurement.merge(describe_method_options(plan.methods, plan.method_options));
  for (const auto& behavior : behaviors) file.data[behavior.behavior.name] = content_hash(behavior.behavior);
  file.run = {{"w2s", std::string(version())},
              {"model file", settings.model.filename().string()},
              {"weights", model.info().weight_type},
              {"machine", machine_description()},
              {"threads", std::to_string(thread_count(settings.decoder.threads))}};
  return file;
}

std::vector<std::unique_ptr<SweepExecutor>> executors_of(std::span<Decoder> decoders) {
  std::vector<std::unique_ptr<SweepExecutor>> executors;
  for (auto& decoder : decoders) executors.push_back(std::make_unique<SharedPrefixExecutor>(decoder));
  return executors;
}

SweepStore open_store(const BehaviorFolder& folder, const PreparedBehavior& prepared, const SweepRequest& request,
                      const StudyPlan& plan, const SettingsFile& settings, const ModelInfo& model) {
  auto header_settings = settings.measurement;
  header_settings["data"] = settings.data.at(prepared.behavior.name);
  return SweepStore::open(folder.sweep(), {.behavior = prepared.behavior.name,
                                           .samples = prepared.behavior.samples.size(),
                                           .model_layers = model.layers,
                                           .width = model.width,
                                           .methods = plan.methods,
                                           .grid = plan.grid,
                                           .encoders = request.encoders,
                                           .settings = std::move(header_settings)});
}

void sweep_base(const PreparedBehavior& prepared, const SweepRequest& request, std::span<Decoder> decoders,
                SweepStore& store, const Job& job) {
  const auto& items = prepared.items.at(PromptVariant::base);
  sweep(executors_of(decoders), request, items, store, job);
  if (store.noise_floor()) return;
  SharedPrefixExecutor executor(decoders.front());
  store.set_noise_floor(measure_noise_floor(executor, request, items, noise_floor_samples, job));
}

LayerChoice layers_for_variants(const BehaviorFolder& folder, const StudyPlan& plan, const SweepStore& store) {
  if (plan.variants_at_all_layers)
    return [&plan](const SweepKey&, std::span<const std::vector<float>>) { return plan.grid.layers; };
  return NeededLayers(folder, store.header(), store.records());
}

// After the fit, which decides where.
void sweep_variants(const BehaviorFolder& folder, const PreparedBehavior& prepared, const SweepRequest& request,
                    const StudyPlan& plan, std::span<Decoder> decoders, SweepStore& store, const Job& job) {
  if (prepared.items.size() == 1) return;
  auto at_layers = request;
  at_layers.choose_layers = layers_for_variants(folder, plan, store);
  // Each variant by itself: its prompts share more, and adding a variant later leaves the others' numbers as they are.
  for (const auto& [variant, items] : prepared.items)
    if (variant != PromptVariant::base)
      sweep(executors_of(decoders), at_layers, items, store, suffixed(job, std::string(to_string(variant))));
}

// For people: nothing that is measured depends on it.
void record_prompts(const BehaviorFolder& folder, const PreparedBehavior& prepared, const Model& model) {
  if (fs::exists(folder.prompts())) return;
  std::vector<PromptText> texts;
  for (const auto& item : prepared.items.at(PromptVariant::base))
    texts.push_back(make_prompt_text(model, item.id, item.tokens));
  write_prompt_texts(folder, texts);
}

// Everything there is to do for one behaviour, or what of it is missing.
void measure_behavior(const BehaviorFolder& folder, const PreparedBehavior& prepared, const StudyPlan& plan,
                      const SettingsFile& settings, const TextEncoders& text_encoders, std::span<Decoder> decoders,
                      const Job& job) {
  const auto& model = decoders.front().model();
  record_prompts(folder, prepared, model);
  const auto sources = timed(folder, "vectors", job, [&](const Job& own) {
    return fitted_sources(folder, prepared, plan.methods, plan.method_options, decoders, own);
  });
  SweepRequest request{.grid = plan.grid, .encoders = default_prompt_encoders(model.info().layers), .sources = {}};
  for (const auto& source : sources) request.sources.push_back(source.get());
  auto store = open_store(folder, prepared, request, plan, settings, model.info());

  timed(folder, "sweep", job, [&](const Job& own) { sweep_base(prepared, request, decoders, store, own); });
  std::vector<PromptVariant> variants;
  for (const auto& [variant, items] : prepared.items) variants.push_back(variant);
  timed(folder, "embeddings", job, [&](const Job& own) {
    for (const auto& encoder : text_encoders)
      embed_prompts(folder, prepared.behavior, prepared.split, variants, *encoder, own);
  });
  timed(folder, "predictor", job, [&](const Job& own) {
    if (!is_fitted(folder, plan.fit)) static_cast<void>(fit_behavior(folder, plan.fit, own));
  });
  timed(folder, "variants", job,
        [&](const Job& own) { sweep_variants(folder, prepared, request, plan, decoders, store, own); });
}

std::size_t context_for(const StudySettings& settings, const Model& model, const StudyPlan& plan,
                        std::span<const PreparedBehavior> behaviors) {
  const std::size_t sources = plan.methods.size();
  const std::size_t sequences = settings.decoder.sequences;
  std::size_t needed = 0;
  for (const auto& behavior : behaviors) {
    for (const auto& [variant, items] : behavior.items) {
      check_context(model.info(), settings.decoder.context, plan.grid, sources, items, sequences);
      needed = std::max(needed, required_context(plan.grid, sources, items, sequences));
    }
  }
  return settings.decoder.context > 0 ? settings.decoder.context : needed;
}

void check_folds(std::span<const PreparedBehavior> behaviors, std::size_t folds) {
  for (const auto& prepared : behaviors) {
    const std::size_t fitting = prepared.split.fitting().size();
    if (fitting >= folds) continue;
    throw Error(ErrorKind::predictor,
                fmt::format("{}: of its {} samples, {} are for fitting, fewer than the {} folds of cross-validation",
                            prepared.behavior.name, prepared.behavior.samples.size(), fitting, folds));
  }
}

StudyPlan plan_study(const StudySettings& settings, const ModelInfo& model, const TextEncoders& text_encoders) {
  StudyPlan plan{.methods = methods_to_sweep(settings.methods),
                 .method_options = settings.method_options,
                 .grid = full_grid(model.layers),
                 .fit = {.encoder = {},
                         .objectives = settings.objectives,
                         .top_k = settings.top_k,
                         .predictor = settings.predictor},
                 .variants_at_all_layers = settings.variants_at_all_layers};
  if (!settings.layers.empty()) plan.grid.layers = parse_layers(settings.layers, model.layers);
  if (!settings.multipliers.empty()) plan.grid.multipliers = settings.multipliers;
  plan.grid.operation = settings.operation;
  plan.fit.predictor.seed = settings.seed;
  plan.method_options.context_layers = settings.context_layers.empty()
                                           ? default_context_layers(model.layers)
                                           : parse_layers(settings.context_layers, model.layers);
  plan.method_options.seed = settings.seed;
  plan.method_options.threads = settings.decoder.threads;
  plan.fit.encoder = name_of_encoder(settings, model.layers, text_encoders);
  static_cast<void>(policies_of(plan.fit));
  return plan;
}

std::optional<NoiseFloor> noise_in(const BehaviorFolder& folder) {
  return SweepStore::read(folder.sweep()).noise_floor();
}

}  // namespace

std::uint64_t study_seed(const fs::path& folder) {
  static_cast<void>(behavior_folders(folder));  // says what is wrong with a folder that holds no study at all
  const auto settings = read_settings(folder);
  const auto seed = settings ? measured_number(*settings, "seed") : std::nullopt;
  if (seed) return *seed;
  throw Error(ErrorKind::results, fmt::format("{}: has no settings.json with a seed; name one", folder.string()));
}

StudyOutcome run_study(const StudySettings& settings, const fs::path& folder, const Job& job) {
  const auto model = Model::load(settings.model, settings.model_options);
  const auto text_encoders = open_text_encoders(settings);
  const auto plan = plan_study(settings, model.info(), text_encoders);
  const auto behaviors = prepare_behaviors(settings, model);
  check_folds(behaviors, plan.fit.predictor.folds);
  auto decoder_options = settings.decoder;
  decoder_options.context = context_for(settings, model, plan, behaviors);

  fs::create_directories(folder);
  auto recorded = settings_of(settings, model, plan, behaviors);
  if (const auto earlier = read_settings(folder)) recorded = merge_settings(folder, *earlier, recorded);
  auto decoders = make_decoders(model, decoder_options);
  write_settings(folder, recorded);

  for (const auto& prepared : behaviors) {
    const auto own_job = prefixed(job, prepared.behavior.name);
    const BehaviorFolder own_folder{folder / prepared.behavior.name};
    fs::create_directories(own_folder.root);
    measure_behavior(own_folder, prepared, plan, recorded, text_encoders, decoders, own_job);
  }
  auto evaluation = settings.evaluation;
  evaluation.seed = settings.seed;
  evaluation.part = SplitPart::test;
  auto outcome = evaluate_study(folder, evaluation, job);
  const auto& first = behaviors.front();
  outcome.example = steered_example({folder / first.behavior.name}, first, plan.grid, decoders.front());
  return outcome;
}

std::vector<MethodAgreement> method_agreement(const BehaviorFolder& folder) {
  const auto header = SweepStore::read(folder.sweep()).header();
  std::vector<MethodAgreement> agreement;
  for (std::size_t method = 0; method < header.methods.size(); ++method) {
    const auto source = read_vector_source(folder.vectors(name_in_files(header.methods, method)));
    const auto& layers = source->info().validation;
    if (layers.empty()) continue;
    agreement.push_back({header.behavior, header.methods[method], mean_over_layers(layers)});
  }
  return agreement;
}

StudyOutcome evaluate_study(const fs::path& folder, const EvaluationOptions& options, const Job& job) {
  StudyOutcome outcome;
  for (const auto& behavior : behavior_folders(folder)) {
    job.check_stop();
    auto results = evaluate_behavior(behavior, options);
    std::ranges::move(results, std::back_inserter(outcome.results));
    if (const auto noise = noise_in(behavior)) outcome.noise.emplace_back(behavior.root.filename().string(), *noise);
    std::ranges::move(method_agreement(behavior), std::back_inserter(outcome.agreement));
  }
  std::ranges::move(mean_over_behaviors(outcome.results), std::back_inserter(outcome.results));
  if (options.part == SplitPart::test) write_file(results_path(folder), results_to_json(outcome.results));
  return outcome;
}

}  // namespace w2s
