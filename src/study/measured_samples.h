// A behaviour's sweep, arranged for fitting and evaluating.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "study/prompt_embeddings.h"
#include "w2s/layer_labels.h"
#include "w2s/sweep_store.h"

namespace w2s {

inline constexpr std::array fitting_parts = {SplitPart::train, SplitPart::validation};
inline constexpr std::array test_part = {SplitPart::test};

/// What method number `method` of the header did to the records of a variant whose part is one of `parts`, in the order
/// given. NaN at the layers that a record was not swept at.
[[nodiscard]] SteerabilityMatrix measured_steerability(const SweepStoreHeader& header,
                                                       std::span<const SweepRecord> records, PromptVariant variant,
                                                       std::span<const SplitPart> parts, std::size_t method);

/// Samples of one variant with what the predictor sees of them.
struct MeasuredSamples {
  SteerabilityMatrix steerability;
  std::vector<float> embeddings;  ///< [samples][width]
};

/// The same samples with their embeddings. Throws Error{results} if one of them was not embedded.
[[nodiscard]] MeasuredSamples measured_samples(const SweepStoreHeader& header, std::span<const SweepRecord> records,
                                               PromptVariant variant, std::span<const SplitPart> parts,
                                               std::size_t method, const PromptEmbeddings& embeddings);

/// Throws Error{results} if the sweep lacks samples, or layers of samples, in BASE.
void check_is_complete(const SweepStoreHeader& header, std::span<const SweepRecord> records);

}  // namespace w2s
