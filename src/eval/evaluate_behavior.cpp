#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "eval/measured_samples.h"
#include "w2s/study.h"

namespace w2s {
namespace {

constexpr std::array fitting_parts = {SplitPart::train, SplitPart::validation};
constexpr std::array test_part = {SplitPart::test};

}  // namespace

std::vector<PolicyResult> evaluate_behavior(const BehaviorFolder& folder, const EvaluationOptions& options) {
  const auto store = SweepStore::read(folder.sweep());
  const auto& header = store.header();
  const auto records = store.records();
  const auto predictors = read_predictors(folder.predictor());
  const std::size_t encoder = recorded_encoder(header, predictors.encoder);
  const auto fitting = measured_samples(header, records, PromptVariant::base, fitting_parts, encoder);

  std::vector<PolicyResult> results;
  for (const auto variant : prompt_variants()) {
    auto samples = measured_samples(header, records, variant, test_part, encoder);
    if (samples.steerability.samples == 0) continue;
    const EvaluationSet set{.variant = variant,
                            .split = std::string(to_string(SplitPart::test)),
                            .steerability = std::move(samples.steerability),
                            .embeddings = std::move(samples.embeddings)};
    std::ranges::move(evaluate(header.behavior, fitting.steerability, predictors, set, options),
                      std::back_inserter(results));
  }
  const auto method = header.settings.find("method");
  if (method != header.settings.end())
    for (auto& result : results) result.method = method->second;
  return results;
}

}  // namespace w2s
