// Executors run sweep plans. They differ in speed, never in what they compute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "w2s/decoder.h"
#include "w2s/layerwise_model.h"
#include "w2s/prompt_reader.h"
#include "w2s/sweep_plan.h"

namespace w2s {

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

/// The prompt is decoded once; its last token is decoded as one row for each intervention, all rows sharing the
/// prompt's keys and values; the prefix that all plans share is decoded once for the whole sweep. Works for every
/// steerable architecture. The result of a plan does not depend on the plans before it.
class SharedPrefixExecutor final : public SweepExecutor {
 public:
  /// The decoder is used, and cleared, by this executor alone while it lives.
  explicit SharedPrefixExecutor(Decoder& decoder) : decoder_(&decoder) {}
  [[nodiscard]] SweepOutcome run(const SweepPlan& plan) override;

  /// Rows of a batch, the unsteered one among them.
  [[nodiscard]] std::size_t rows_at_once() const noexcept;

  /// Limits them, to 2 at least. Fewer rows make the same numbers in other batches, which is how the noise floor is
  /// measured. 0: as many as the decoder has sequences.
  void limit_rows(std::size_t rows) noexcept { row_limit_ = rows; }

 private:
  void ensure_prefix(const SweepPlan& plan);
  [[nodiscard]] Decoded decode_and_forget(Batch& batch, const SweepPlan& plan);
  [[nodiscard]] std::vector<std::vector<float>> encodings(const SweepPlan& plan, const Decoded& decoded,
                                                          std::size_t own_rows) const;

  Decoder* decoder_;
  std::size_t row_limit_ = 0;
  bool holds_prefix_ = false;
  std::vector<Token> prefix_;  ///< what every sequence begins with
  std::vector<PromptEncoder> prefix_encoders_;
  std::vector<std::vector<double>> prefix_sums_;  ///< [encoders][width]: the prefix's part of each mean
};

/// As little arithmetic as a sweep can be done with: a steered row joins the batch at the layer that it is steered at,
/// because below that it is the unsteered row; of the output matrix, only the two answers' rows are computed. Prompts
/// of several plans go through each layer together, then their rows do. For models that LayerwiseModel computes; uses
/// one thread. The result of a plan does not depend on the plans before it or beside it.
class MinimalExecutor final : public SweepExecutor {
 public:
  /// Goes on from the states in the cache where there is one, instead of reading these prompts again.
  explicit MinimalExecutor(LayerwiseModel model, PromptStateCache* cache = nullptr)
      : reader_(std::move(model), cache) {}
  [[nodiscard]] SweepOutcome run(const SweepPlan& plan) override;
  [[nodiscard]] std::size_t plans_at_once() const noexcept override { return PromptReader::prompts_at_once; }
  [[nodiscard]] std::vector<SweepOutcome> run_together(std::span<const SweepPlan> plans) override;

  /// Of all matrix products until now.
  [[nodiscard]] double flops() const noexcept { return reader_.model().flops(); }

 private:
  PromptReader reader_;
};

/// The layers whose means over the prompt some encoders ask for, ascending.
[[nodiscard]] std::vector<std::size_t> mean_layers_of(const std::vector<PromptEncoder>& encoders);

/// What no way of running the plans can do with fewer operations in matrix products, if prompts share nothing but the
/// prefix: every other prompt token and every row once through each layer that it differs in. Rows whose vector depends
/// on the input count as if it is not zero.
[[nodiscard]] double minimal_flops(const LayerwiseModel& model, std::span<const SweepPlan> plans);

/// The same for a model of which nothing is known but its layers.
[[nodiscard]] double minimal_flops(const LayerFlops& a_row, std::size_t layer_count, std::span<const SweepPlan> plans);

/// The loop everyone writes first: the whole prompt again for every answer, layer and multiplier. Kept as the reference
/// that the others are checked and timed against.
class NaiveExecutor final : public SweepExecutor {
 public:
  explicit NaiveExecutor(Decoder& decoder) : decoder_(&decoder) {}
  [[nodiscard]] SweepOutcome run(const SweepPlan& plan) override;

 private:
  Decoder* decoder_;
};

/// Which executor runs a sweep.
enum class ExecutorChoice {
  automatic,  ///< `minimal` where it can compute the model and the weights are not quantised, else `rows`
  minimal,    ///< MinimalExecutor
  rows        ///< SharedPrefixExecutor
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
