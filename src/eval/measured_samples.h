// A behaviour's sweep, arranged for fitting and evaluating.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "w2s/layer_labels.h"
#include "w2s/sweep_store.h"

namespace w2s {

/// Samples of one variant with what the predictor sees of them.
struct MeasuredSamples {
  SteerabilityMatrix steerability;
  std::vector<float> embeddings;  ///< [samples][width]
};

/// What method number `method` of the header did to the records of a variant whose part is one of `parts`, in the order
/// given, with the embeddings of one of the encoders.
[[nodiscard]] MeasuredSamples measured_samples(const SweepStoreHeader& header, std::span<const SweepRecord> records,
                                               PromptVariant variant, std::span<const SplitPart> parts,
                                               std::size_t method, std::size_t encoder);

/// The index of the encoder of that name among those a sweep recorded. Throws Error{usage} that lists them.
[[nodiscard]] std::size_t recorded_encoder(const SweepStoreHeader& header, const std::string& name);

}  // namespace w2s
