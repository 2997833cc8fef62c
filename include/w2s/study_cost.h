// What a study costs, told from its plan before anything is decoded: rows, batches, floating-point operations, memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/job.h"
#include "w2s/model.h"
#include "w2s/sweep_executor.h"
#include "w2s/tokenized_sample.h"

namespace w2s {

/// What the cost of a token depends on.
struct ModelShape {
  std::uint64_t parameters = 0;  ///< those a token is multiplied with: not a table that it is only looked up in
  std::size_t layers = 0;
  std::size_t width = 0;
  std::uint64_t bytes = 0;          ///< of all weights; 0: not known, then F16
  std::size_t key_value_width = 0;  ///< of a token's keys and values in a layer; 0: not known, then twice the width

  bool operator==(const ModelShape&) const = default;
};

[[nodiscard]] ModelShape shape_of(const ModelInfo& model);

/// At work with an executor: `minimal` computes two rows of the output matrix, which then is left out.
[[nodiscard]] ModelShape shape_of(const Model& model, ExecutorChoice executor);

/// What goes through the model.
struct DecodeCounts {
  std::size_t prompts = 0;        ///< samples in all their variants, each time they are decoded
  std::size_t prompt_tokens = 0;  ///< up to the steered one; what prompts have in common counts once
  std::size_t steered_rows = 0;   ///< a layer and a multiplier each
  std::size_t answer_tokens = 0;
  std::size_t decodes = 0;     ///< batches
  std::uint64_t attended = 0;  ///< positions that a token attends to, itself included; summed over tokens
  /// Layers that steered rows need not go through, because they join the batch behind the one they are steered at;
  /// summed over rows, and over rows with the positions that they would attend to there.
  std::uint64_t skipped_layers = 0;
  std::uint64_t skipped_attended = 0;

  [[nodiscard]] std::size_t tokens() const { return prompt_tokens + steered_rows + answer_tokens; }
  DecodeCounts& operator+=(const DecodeCounts& other);
  bool operator==(const DecodeCounts&) const = default;
};

/// 2 parameters a token for the products with weights, and 4 layers * width for each position attended to: the product
/// with its key, and with its value; less what rows skip. Everything else (norms, softmax, activations) is left out.
[[nodiscard]] double flops(const ModelShape& shape, const DecodeCounts& counts);

/// How the steered token of each sample is decoded in a sweep.
struct SweepRows {
  ExecutorChoice executor = ExecutorChoice::rows;
  std::size_t interventions = 0;      ///< steered rows a source
  std::size_t sources = 1;            ///< in all
  std::size_t dependent_sources = 0;  ///< of these, that must see the input first: their rows wait for a second batch
  bool reads_answers = false;         ///< decodes the two answers as well (oracle)
  bool chooses_layers = false;        ///< by what the prompt looks like: all rows wait for a second batch
  std::size_t sequences = 256;        ///< rows of a batch (rows)
  /// Layers that the rows of one source skip, all of a sample's together (minimal).
  std::uint64_t skipped_layers = 0;
};

/// Of sweeping the samples; prompts that begin alike share that beginning. The first `already_read` of them were kept
/// when they were read, and their sweep goes on from there.
[[nodiscard]] DecodeCounts count_sweep(std::span<const TokenizedSample> samples, const SweepRows& rows,
                                       std::size_t already_read = 0);

/// Of reading what steering methods learn from: each prompt and both its answers.
[[nodiscard]] DecodeCounts count_representations(std::span<const TokenizedSample> samples,
                                                 ExecutorChoice executor = ExecutorChoice::rows);

/// Bytes that are needed at once; estimates.
struct MemoryNeeds {
  std::uint64_t model = 0;
  std::uint64_t key_value_caches = 0;  ///< of all decoders
  std::uint64_t kept_prompts = 0;      ///< between the pass that makes vectors and the sweep (minimal)

  [[nodiscard]] std::uint64_t total() const { return model + key_value_caches + kept_prompts; }
};

struct BehaviorCost {
  std::string behavior;
  std::size_t samples = 0;
  DecodeCounts counts;
  std::uint64_t store_bytes = 0;  ///< of sweep.sqlite; an estimate
};

struct StudyCost {
  ExecutorChoice executor = ExecutorChoice::rows;  ///< what would run
  std::vector<BehaviorCost> behaviors;
  MemoryNeeds memory;
};

struct StudyPlan;

/// Of what the plan says, with a model of this shape. Left out: the few tokens of the noise floor's second measurement
/// beyond the first, of the steered example, and embedding models. How many layers the predictors choose for variants
/// beside BASE is not known before: `planned_variant_layers`.
[[nodiscard]] StudyCost cost_of(const StudyPlan& plan, const ModelShape& shape);

/// Layers at which a prompt of a variant beside BASE is expected to be swept, with so many methods on so many layers:
/// the methods' fixed layers and what their predictors choose, which often is the same.
[[nodiscard]] std::size_t planned_variant_layers(std::size_t methods, std::size_t layers);

/// How fast this machine sweeps with a model.
struct Calibration {
  std::size_t samples = 0;  ///< swept
  double seconds = 0;
  double flops_per_second = 0;  ///< of those that count_sweep counts
};

/// Sweeps a few samples of the plan's first behaviour and forgets the results. Takes some seconds, but never less than
/// a sample takes.
[[nodiscard]] Calibration calibrate(const StudyPlan& plan, const Model& model, const Job& job = {});

/// A GPU that the paper's experiments would run on.
struct Gpu {
  std::string_view name;
  double peak_flops = 0;  ///< a second: dense F16 on tensor cores, by NVIDIA's data sheet
};
inline constexpr Gpu planned_gpus[] = {{"A40", 149.7e12}, {"A100", 312e12}};
/// The share of the peak that is assumed to be reached.
inline constexpr double planned_utilization = 0.3;

}  // namespace w2s
