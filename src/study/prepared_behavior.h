// A behaviour made ready for a model: split, tokenised, and checked before any hour of work begins.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "w2s/study.h"
#include "w2s/sweep.h"

namespace w2s {

struct PreparedBehavior {
  Behavior behavior;
  Split split;
  /// BASE: all samples. Other variants: those of the test part.
  std::map<PromptVariant, std::vector<SweepItem>> items;

  /// Samples in BASE by their indices.
  [[nodiscard]] std::vector<TokenizedSample> base_tokens(std::span<const std::size_t> samples) const;
};

/// Reads, splits and tokenises everything a study asks for, whose seed was handed down. Throws whatever is wrong with
/// any of it.
[[nodiscard]] std::vector<PreparedBehavior> prepare_behaviors(const StudySettings& settings, const Model& model);

}  // namespace w2s
