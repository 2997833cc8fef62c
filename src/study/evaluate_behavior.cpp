#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "results/prompt_embeddings.h"
#include "w2s/study.h"

namespace w2s {
namespace {

std::vector<PolicyResult> evaluate_method(const BehaviorResults& behavior, std::size_t method,
                                          const EvaluationOptions& options) {
  const std::array parts = {options.part};
  const auto& predictors = behavior.predictors(method);
  const auto embeddings = behavior.embeddings(predictors.encoder);
  const auto fitting = behavior.steerability(PromptVariant::base, fitting_parts, method);

  std::vector<PolicyResult> results;
  for (const auto variant : prompt_variants()) {
    auto samples = behavior.samples(variant, parts, method, embeddings);
    if (samples.steerability.samples == 0) continue;
    const EvaluationSet set{.variant = variant,
                            .split = std::string(to_string(options.part)),
                            .steerability = std::move(samples.steerability),
                            .embeddings = std::move(samples.embeddings)};
    std::ranges::move(evaluate(behavior.header().behavior, fitting, predictors, set, options),
                      std::back_inserter(results));
  }
  return results;
}

}  // namespace

std::vector<PolicyResult> evaluate_behavior(const BehaviorResults& behavior, const EvaluationOptions& options) {
  std::vector<PolicyResult> results;
  for (std::size_t method = 0; method < behavior.header().methods.size(); ++method)
    std::ranges::move(evaluate_method(behavior, method, options), std::back_inserter(results));
  return results;
}

}  // namespace w2s
