// What a sweep tells about layers, before anything is predicted: how steerability depends on the layer, and how the
// inputs differ in it (section 4 and appendices D.2 and E of the paper).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "w2s/results_folder.h"

namespace w2s {

/// Of one method on one behaviour, in BASE.
struct LayerAnalysis {
  std::string behavior;
  std::string method;
  std::vector<std::size_t> layers;   ///< swept, ascending
  std::vector<double> fitting_mean;  ///< [layers]: mean steerability of training and validation samples: what the
                                     ///< fixed layer is chosen by (Supp. Figures 14 and 15)
  std::size_t fixed_layer = 0;       ///< as the study's `fixed` policy has it
  std::size_t test_samples = 0;
  std::vector<std::size_t> best_count;            ///< [layers]: test samples whose best layer it is (Figure 1, bottom)
  double distance_from_fixed = 0;                 ///< mean over test samples of |best layer - fixed layer|
  double fixed = 0;                               ///< mean steerability of the test samples at the fixed layer
  std::array<std::optional<double>, 4> kth_best;  ///< at each sample's best, 2nd, 3rd, 4th best layer (Supp. 16, 17)
  std::vector<double> gain;  ///< [test samples]: steerability at the best layer less that at the fixed one (Figure 1,
                             ///< top)
  /// By k of the labels, from the predictors' file: layers that are some fitting sample's label (Supp. Table 4), and
  /// how often held-out folds' samples were predicted to have the label they have (Supp. Figure 18).
  struct Labels {
    std::size_t top_k = 1;
    std::size_t layers = 0;
    std::optional<double> accuracy;  ///< absent where the file does not tell
  };
  std::vector<Labels> labels;
};

/// One for each method that the behaviour was swept with, in the sweep's order. Throws Error{results} if sweep or
/// predictor are missing or incomplete.
[[nodiscard]] std::vector<LayerAnalysis> analyze_layers(const BehaviorResults& behavior);

}  // namespace w2s
