#include "study/prepared_behavior.h"

#include <algorithm>
#include <utility>

namespace w2s {
namespace {

std::vector<SplitPart> parts_by_sample(const Split& split, std::size_t samples) {
  std::vector<SplitPart> parts(samples, SplitPart::train);
  for (const std::size_t index : split.validation) parts[index] = SplitPart::validation;
  for (const std::size_t index : split.test) parts[index] = SplitPart::test;
  return parts;
}

}  // namespace

std::vector<TokenizedSample> PreparedBehavior::base_tokens(std::span<const std::size_t> samples) const {
  const auto& base = items.at(PromptVariant::base);
  std::vector<TokenizedSample> tokens;
  for (const std::size_t index : samples) tokens.push_back(base[index].tokens);
  return tokens;
}

std::vector<PreparedBehavior> prepare_behaviors(const StudySettings& settings, const Model& model) {
  auto variants = settings.variants;
  if (std::ranges::find(variants, PromptVariant::base) == variants.end()) variants.push_back(PromptVariant::base);

  std::vector<PreparedBehavior> prepared;
  for (auto& behavior : read_behaviors(settings.data, settings.selection)) {
    auto& own = prepared.emplace_back();
    own.behavior = std::move(behavior);
    const auto& samples = own.behavior.samples;
    own.split = split_samples(samples.size(), settings.seed);
    const auto parts = parts_by_sample(own.split, samples.size());
    for (const auto variant : variants) {
      for (std::size_t i = 0; i < samples.size(); ++i) {
        if (variant != PromptVariant::base && parts[i] != SplitPart::test) continue;
        own.items[variant].push_back({.key = {.sample = i, .variant = variant},
                                      .id = samples[i].id,
                                      .part = parts[i],
                                      .tokens = tokenize_sample(model, own.behavior, samples[i], variant)});
      }
    }
  }
  return prepared;
}

}  // namespace w2s
