// What a study decodes, counted before anything is decoded: rows, batches and floating-point operations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/job.h"
#include "w2s/model.h"
#include "w2s/study.h"
#include "w2s/tokenized_sample.h"

namespace w2s {

/// What the cost of a token depends on.
struct ModelShape {
  std::uint64_t parameters = 0;  ///< those a token is multiplied with: not a table that it is only looked up in
  std::size_t layers = 0;
  std::size_t width = 0;

  bool operator==(const ModelShape&) const = default;
};

[[nodiscard]] ModelShape shape_of(const ModelInfo& model);

/// What goes through the model.
struct DecodeCounts {
  std::size_t prompts = 0;        ///< samples in all their variants, each time they are decoded
  std::size_t prompt_tokens = 0;  ///< up to the steered one; what prompts have in common counts once
  std::size_t steered_rows = 0;   ///< a layer and a multiplier each
  std::size_t answer_tokens = 0;
  std::size_t decodes = 0;     ///< batches
  std::uint64_t attended = 0;  ///< positions that a token attends to, itself included; summed over tokens

  [[nodiscard]] std::size_t tokens() const { return prompt_tokens + steered_rows + answer_tokens; }
  DecodeCounts& operator+=(const DecodeCounts& other);
  bool operator==(const DecodeCounts&) const = default;
};

/// 2 parameters a token for the products with weights, and 4 layers * width for each position attended to: the product
/// with its key, and with its value. Everything else (norms, softmax, activations) is left out.
[[nodiscard]] double flops(const ModelShape& shape, const DecodeCounts& counts);

/// How the steered token of each sample is decoded in a sweep.
struct SweepRows {
  std::size_t interventions = 0;      ///< steered rows a source
  std::size_t sources = 1;            ///< in all
  std::size_t dependent_sources = 0;  ///< of these, that must see the input first: their rows wait for a second batch
  bool reads_answers = false;         ///< decodes the two answers as well (oracle)
  bool chooses_layers = false;        ///< by what the prompt looks like: all rows wait for a second batch
  std::size_t sequences = 256;        ///< rows of a batch
};

/// Of sweeping the samples as the executor `rows` does, whatever executor a study uses; prompts that begin alike share
/// that beginning.
[[nodiscard]] DecodeCounts count_sweep(std::span<const TokenizedSample> samples, const SweepRows& rows);

/// Of reading what steering methods learn from: each prompt and both its answers.
[[nodiscard]] DecodeCounts count_representations(std::span<const TokenizedSample> samples);

struct BehaviorCost {
  std::string behavior;
  std::size_t samples = 0;
  DecodeCounts counts;
};

/// What a study of a model of this shape decodes, by behaviour. Left out: the few tokens of the noise floor's second
/// measurement beyond the first, of the steered example, and embedding models. How many layers the predictors choose
/// for variants beside BASE is not known before: `planned_variant_layers`. `model` tokenises; it may be another one
/// than that of the shape. Throws what run_study throws for settings, data or prompts that it refuses.
[[nodiscard]] std::vector<BehaviorCost> cost_of_study(const StudySettings& settings, const Model& model,
                                                      const ModelShape& shape);

/// Layers at which a prompt of a variant beside BASE is expected to be swept, with so many methods on so many layers:
/// the methods' fixed layers and what their predictors choose, which often is the same.
[[nodiscard]] std::size_t planned_variant_layers(std::size_t methods, std::size_t layers);

/// How fast this machine sweeps with a model.
struct Calibration {
  std::size_t samples = 0;  ///< swept
  double seconds = 0;
  double flops_per_second = 0;  ///< of those that count_sweep counts
};

/// Sweeps a few samples of the study's first behaviour and forgets the results. Takes some seconds, but never less than
/// a sample takes.
[[nodiscard]] Calibration calibrate(const StudySettings& settings, const Model& model, const Job& job = {});

/// A GPU that the paper's experiments would run on.
struct Gpu {
  std::string_view name;
  double peak_flops = 0;  ///< a second: dense F16 on tensor cores, by NVIDIA's data sheet
};
inline constexpr Gpu planned_gpus[] = {{"A40", 149.7e12}, {"A100", 312e12}};
/// The share of the peak that is assumed to be reached.
inline constexpr double planned_utilization = 0.3;

}  // namespace w2s
