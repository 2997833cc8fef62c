#include "study/study_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/decoder_count.h"
#include "results/settings_file.h"
#include "study/fitted_sources.h"
#include "w2s/base.h"
#include "w2s/study.h"

namespace w2s {
namespace {

MethodOptions method_options_of(const StudySettings& settings, std::size_t layers) {
  auto options = settings.method_options;
  options.context_layers =
      settings.context_layers.empty() ? default_context_layers(layers) : settings.context_layers.of_model(layers);
  return options;
}

void check_folds(const PreparedBehavior& prepared, std::size_t folds) {
  const std::size_t fitting = prepared.split.fitting().size();
  if (fitting >= folds) return;
  throw Error(ErrorKind::predictor,
              fmt::format("{}: of its {} samples, {} are for fitting, fewer than the {} folds of cross-validation",
                          prepared.behavior.name, prepared.behavior.samples.size(), fitting, folds));
}

std::size_t context_for(const StudyPlan& plan, const ModelInfo& model) {
  const std::size_t sources = plan.methods.size();
  const std::size_t sequences = plan.decoder.sequences;
  std::size_t needed = 0;
  for (const auto& behavior : plan.behaviors) {
    for (const auto& [variant, items] : behavior.items) {
      check_context(model, plan.decoder.context, plan.grid, sources, items, sequences);
      needed = std::max(needed, required_context(plan.grid, sources, items, sequences));
    }
  }
  return plan.decoder.context > 0 ? plan.decoder.context : needed;
}

}  // namespace

StudyPlan plan_study(const StudySettings& settings, std::size_t layers, ExecutorChoice executor,
                     const Model& tokenizer) {
  const auto own = handed_down(settings);
  static_cast<void>(policies_of(own.fit));
  StudyPlan plan{.methods = methods_to_sweep(own.methods),
                 .method_options = method_options_of(own, layers),
                 .grid = grid_of(own.layers, own.multipliers, own.operation, layers),
                 .encoders = default_prompt_encoders(layers),
                 .fit = own.fit,
                 .variants_at_all_layers = own.variants_at_all_layers,
                 .executor = executor,
                 .prompt_cache_bytes = own.prompt_cache_bytes,
                 .decoder = own.decoder,
                 .decoders = decoder_count(tokenizer.info(), own.decoder.threads),
                 .behaviors = prepare_behaviors(own, tokenizer)};
  for (const auto& prepared : plan.behaviors) check_folds(prepared, plan.fit.predictor.folds);
  plan.decoder.context = context_for(plan, tokenizer.info());
  return plan;
}

ExecutorChoice executor_for(const StudySettings& settings, const std::filesystem::path& folder, const Model& model) {
  const auto recorded =
      settings.executor == ExecutorChoice::automatic ? recorded_executor(folder) : std::optional<ExecutorChoice>();
  return resolve_executor(recorded.value_or(settings.executor), model);
}

}  // namespace w2s
