// The loop everyone writes first: the whole prompt again for every answer, layer and multiplier.
#pragma once

#include "w2s/decoding.h"
#include "w2s/sweep.h"

namespace w2s {

/// Kept as the reference that the others are checked and timed against.
class NaiveExecutor final : public SweepExecutor {
 public:
  explicit NaiveExecutor(Decoder& decoder) : decoder_(&decoder) {}
  [[nodiscard]] SweepOutcome run(const SweepPlan& plan) override;

 private:
  Decoder* decoder_;
};

}  // namespace w2s
