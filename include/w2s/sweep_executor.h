// Executors run sweep plans. They differ in speed, never in what they compute.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "w2s/decoder.h"
#include "w2s/sweep_plan.h"

namespace w2s {

class PromptStateCache;

class SweepExecutor {
 public:
  virtual ~SweepExecutor() = default;
  /// Runs one plan. Throws Error{usage} if the prompt does not fit the context, Error{engine} if decoding fails.
  [[nodiscard]] virtual SweepOutcome run(const SweepPlan& plan) = 0;

  /// How many plans it likes to run together.
  [[nodiscard]] virtual std::size_t plans_at_once() const noexcept { return 1; }
  /// Runs several plans; each outcome is bit for bit the one that `run` gives for its plan alone.
  [[nodiscard]] virtual std::vector<SweepOutcome> run_together(std::span<const SweepPlan> plans);
};

/// Which executor runs a sweep.
enum class ExecutorChoice {
  automatic,  ///< `minimal` where it can compute the model and the weights are not quantised, else `rows`
  minimal,    ///< layer by layer, each row from the first layer on that it is steered at; not for every model
  rows        ///< through llama.cpp, each row through all layers
};

/// "auto", "minimal", "rows".
[[nodiscard]] std::string_view to_string(ExecutorChoice choice);

/// The inverse. Throws Error{usage} that lists the names.
[[nodiscard]] ExecutorChoice parse_executor_choice(std::string_view name);

/// What a choice means for a model: `minimal` or `rows`. Throws Error{usage} that says why not if `minimal` is asked
/// for and cannot compute the model.
[[nodiscard]] ExecutorChoice resolve_executor(ExecutorChoice choice, const Model& model);

/// Executors for all threads of the decoders: one a decoder, or one a thread if they are minimal. What the choice means
/// for the decoders' model is resolved first. Minimal ones go on from what is in the cache, which they share.
[[nodiscard]] std::vector<std::unique_ptr<SweepExecutor>> make_executors(std::span<Decoder> decoders,
                                                                         ExecutorChoice choice,
                                                                         PromptStateCache* cache = nullptr);

}  // namespace w2s
