// Choosing the predictor's settings by k-fold cross-validation (section 5).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "predictor/training_set.h"
#include "w2s/base.h"
#include "w2s/predictor.h"

namespace w2s {

/// Streams of the seed: what draws from one of them does not depend on how much the others draw.
enum class SeedStream : std::uint64_t { folds = 0, cross_validation = 1'000'000, final_networks = 2'000'000 };

/// The generator of the index-th user of a stream.
[[nodiscard]] Random random_of(std::uint64_t seed, SeedStream stream, std::size_t index = 0);

/// Samples in random order, dealt to folds whose sizes differ by one at most.
[[nodiscard]] std::vector<std::vector<Eigen::Index>> make_folds(Eigen::Index samples, std::size_t folds,
                                                                std::uint64_t seed);

/// What cross-validation found for every point of the grid, in its order.
struct CrossValidation {
  std::vector<CrossValidationScore> scores;        ///< [settings]
  std::vector<std::vector<TrainingCurve>> curves;  ///< [settings][folds]
};

/// Trains a network for every point of the grid and every fold. Each fold's axes are fitted to its training part alone,
/// as the final ones have never seen a test sample. All settings start a fold with the same random stream, so that a
/// score does not depend on what else is in the grid.
[[nodiscard]] CrossValidation cross_validate(const TrainingSet& set, const PredictorOptions& options,
                                             std::string_view stage, const Job& job);

}  // namespace w2s
