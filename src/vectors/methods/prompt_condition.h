// Whether a prompt is one of a kind, by how near its representation points to a direction.
#pragma once

#include <span>
#include <vector>

namespace w2s::methods {

struct PromptCondition {
  std::vector<float> direction = {};  ///< [width]
  float threshold = -1;               ///< of the cosine with `direction`; -1 holds for every prompt

  [[nodiscard]] bool holds(std::span<const float> representation) const;
};

/// Representations of several prompts, each [width].
using Representations = std::vector<std::span<const float>>;

/// The condition that holds for `positive` and not for `negative` prompts: the direction is the difference between
/// their means; the threshold is the one with the highest balanced accuracy on them, midway between the cosines of two
/// prompts, or -1. Of several such thresholds, the lowest, which holds for the most prompts. There is at least one
/// prompt of each kind.
[[nodiscard]] PromptCondition fit_condition(const Representations& positive, const Representations& negative);

/// The mean of the share of `positive` for which the condition holds and the share of `negative` for which it does not.
[[nodiscard]] double balanced_accuracy(const PromptCondition& condition, const Representations& positive,
                                       const Representations& negative);

}  // namespace w2s::methods
