// The executor `minimal`.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "engine/layerwise_model.h"
#include "engine/reading/layerwise_reader.h"
#include "w2s/sweep.h"

namespace w2s {

/// As little arithmetic as a sweep can be done with: a steered row joins the batch at the first layer that it is
/// steered at, because below that it is the unsteered row; of the output matrix, only the two answers' rows are
/// computed. Prompts of several plans go through each layer together, then their rows do. For models that
/// LayerwiseModel computes; uses one thread. The result of a plan does not depend on the plans before it or beside it.
class MinimalExecutor final : public SweepExecutor {
 public:
  /// Goes on from the states in the cache where there is one, instead of reading these prompts again.
  explicit MinimalExecutor(LayerwiseModel model, PromptStateCache* cache = nullptr)
      : reader_(std::move(model), cache) {}
  [[nodiscard]] SweepOutcome run(const SweepPlan& plan) override;
  [[nodiscard]] std::size_t plans_at_once() const noexcept override { return reader_.prompts_at_once(); }
  [[nodiscard]] std::vector<SweepOutcome> run_together(std::span<const SweepPlan> plans) override;

  /// Of all matrix products until now.
  [[nodiscard]] double flops() const noexcept { return reader_.layers().flops(); }

 private:
  LayerwiseReader reader_;
};

/// What no way of running the plans can do with fewer operations in matrix products, if prompts share nothing but the
/// prefix: every other prompt token and every row once through each layer that it differs in. Rows whose vector depends
/// on the input count as if it is not zero.
[[nodiscard]] double minimal_flops(const LayerwiseModel& model, std::span<const SweepPlan> plans);

/// The same for a model of which nothing is known but its layers.
[[nodiscard]] double minimal_flops(const LayerFlops& a_row, std::size_t layer_count, std::span<const SweepPlan> plans);

}  // namespace w2s
