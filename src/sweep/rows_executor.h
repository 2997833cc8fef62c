// The executor `rows`.
#pragma once

#include <cstddef>

#include "engine/reading/decoder_reader.h"
#include "sweep/steered_rows.h"
#include "w2s/decoding.h"
#include "w2s/sweep.h"

namespace w2s {

/// The prompt is decoded once; its last token is decoded as one row for each intervention, all rows sharing the
/// prompt's keys and values; the prefix that all plans share is decoded once for the whole sweep. Works for every
/// steerable architecture. The result of a plan does not depend on the plans before it.
class RowsExecutor final : public SweepExecutor {
 public:
  /// The decoder is used, and cleared, by this executor alone while it lives.
  explicit RowsExecutor(Decoder& decoder) : decoder_(&decoder), reader_(decoder, decoder.options().sequences) {}
  [[nodiscard]] SweepOutcome run(const SweepPlan& plan) override;

  /// Rows of a batch, the unsteered one among them.
  [[nodiscard]] std::size_t rows_at_once() const noexcept;

  /// Limits them, to 2 at least. Fewer rows make the same numbers in other batches, which is how the noise floor is
  /// measured. 0: as many as the decoder has sequences.
  void limit_rows(std::size_t rows) noexcept { row_limit_ = rows; }

 private:
  Decoder* decoder_;
  DecoderReader reader_;
  std::size_t row_limit_ = 0;
};

}  // namespace w2s
