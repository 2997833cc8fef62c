// Executors run sweep plans. They differ in speed, never in what they compute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "w2s/decoder.h"
#include "w2s/sweep_plan.h"

namespace w2s {

class SweepExecutor {
 public:
  virtual ~SweepExecutor() = default;
  /// Runs one plan. Throws Error{usage} if the prompt does not fit the context, Error{engine} if decoding fails.
  [[nodiscard]] virtual SweepOutcome run(const SweepPlan& plan) = 0;
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

/// The loop everyone writes first: the whole prompt again for every answer, layer and multiplier. Kept as the reference
/// that the others are checked and timed against.
class NaiveExecutor final : public SweepExecutor {
 public:
  explicit NaiveExecutor(Decoder& decoder) : decoder_(&decoder) {}
  [[nodiscard]] SweepOutcome run(const SweepPlan& plan) override;

 private:
  Decoder* decoder_;
};

}  // namespace w2s
