// Sweeps to be measured: made-up questions in the length of Model-Written Evaluations', one vector a layer.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "parts.h"
#include "sweep/minimal_executor.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

namespace w2s::bench {

/// Questions in a prompt that is about as long as those of Model-Written Evaluations.
inline constexpr std::size_t usual_questions = 3;

[[nodiscard]] std::vector<SweepItem> sweep_items(const Model& model, std::size_t samples,
                                                 std::size_t questions = usual_questions);

/// Mean number of tokens of a prompt that are its own.
[[nodiscard]] double own_tokens(std::span<const SweepItem> items);

/// The model, and vectors that steer it.
struct SweepSetup {
  explicit SweepSetup(const BenchSettings& settings);

  [[nodiscard]] SweepRequest request(const SweepGrid& grid) const { return {.grid = grid, .sources = {&vectors}}; }
  [[nodiscard]] SweepRequest request() const { return request(full_grid(model.info().layers)); }

  Model model;
  ConstantSource vectors;
};

/// A sweep that can be run again and again; its results are thrown away.
class MeasuredSweep {
 public:
  /// By minimal executors, one a thread.
  MeasuredSweep(const SweepSetup& setup, SweepRequest request, std::vector<SweepItem> items, std::size_t threads);
  /// By others.
  MeasuredSweep(std::vector<std::unique_ptr<SweepExecutor>> executors, SweepRequest request,
                std::vector<SweepItem> items)
      : executors_(std::move(executors)), request_(std::move(request)), items_(std::move(items)) {}

  void run();

  /// What minimal executors did in the last run.
  [[nodiscard]] double flops() const noexcept { return flops_; }
  [[nodiscard]] const SweepRequest& request() const noexcept { return request_; }
  [[nodiscard]] std::span<const SweepItem> items() const noexcept { return items_; }
  [[nodiscard]] double samples() const noexcept { return static_cast<double>(items_.size()); }

 private:
  [[nodiscard]] double flops_until_now() const;

  std::vector<std::unique_ptr<SweepExecutor>> executors_;
  std::vector<const MinimalExecutor*> minimal_;
  SweepRequest request_;
  std::vector<SweepItem> items_;
  double flops_ = 0;
};

/// Tokens that all prompts begin with.
[[nodiscard]] std::size_t shared_prefix(std::span<const SweepItem> items);

/// What a sweep needs at least, once the prefix that its prompts share is there.
[[nodiscard]] double least_flops(const LayerFlops& a_row, std::size_t layers, std::size_t prefix,
                                 const SweepRequest& request, std::span<const SweepItem> items);

}  // namespace w2s::bench
