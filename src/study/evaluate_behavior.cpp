#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "study/measured_samples.h"
#include "w2s/study.h"

namespace w2s {
namespace {

std::vector<PolicyResult> evaluate_method(const BehaviorFolder& folder, const SweepStoreHeader& header,
                                          std::span<const SweepRecord> records, std::size_t method,
                                          const EvaluationOptions& options) {
  const std::array parts = {options.part};
  const auto predictors = read_predictors(folder.predictor(name_in_files(header.methods, method)));
  const auto embeddings = embeddings_of(folder, header, records, predictors.encoder);
  const auto fitting = measured_steerability(header, records, PromptVariant::base, fitting_parts, method);

  std::vector<PolicyResult> results;
  for (const auto variant : prompt_variants()) {
    auto samples = measured_samples(header, records, variant, parts, method, embeddings);
    if (samples.steerability.samples == 0) continue;
    const EvaluationSet set{.variant = variant,
                            .split = std::string(to_string(options.part)),
                            .steerability = std::move(samples.steerability),
                            .embeddings = std::move(samples.embeddings)};
    std::ranges::move(evaluate(header.behavior, fitting, predictors, set, options), std::back_inserter(results));
  }
  return results;
}

}  // namespace

std::vector<PolicyResult> evaluate_behavior(const BehaviorFolder& folder, const EvaluationOptions& options) {
  const auto store = SweepStore::read(folder.sweep());
  const auto& header = store.header();
  const auto records = store.records();
  std::vector<PolicyResult> results;
  for (std::size_t method = 0; method < header.methods.size(); ++method)
    std::ranges::move(evaluate_method(folder, header, records, method, options), std::back_inserter(results));
  return results;
}

}  // namespace w2s
