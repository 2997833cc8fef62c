// Which layers a prompt variant's samples are swept at: those that some policy would steer them at.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "results/prompt_embeddings.h"
#include "w2s/predictor.h"
#include "w2s/results.h"
#include "w2s/sweep.h"

namespace w2s {

/// The layers of the baselines and of every predictor of a behaviour that is swept in BASE and fitted.
class NeededLayers {
 public:
  /// Throws Error{results} if predictors are missing.
  explicit NeededLayers(const BehaviorResults& behavior);

  /// A LayerSelector. Safe to call from several threads at once.
  [[nodiscard]] std::vector<std::size_t> operator()(const SweepKey& key,
                                                    std::span<const std::vector<float>> encodings) const;

 private:
  struct Method {
    PredictorFile predictors;
    std::optional<std::size_t> encoder;  // of the sweep's; else the embeddings tell
    PromptEmbeddings embeddings;
  };
  std::set<std::size_t> baselines_;
  std::vector<Method> methods_;
};

}  // namespace w2s
