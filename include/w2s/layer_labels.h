// From a sweep to classes: which layer each training sample is labelled with (section 5 and appendix E of the paper).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace w2s {

/// Steerability of samples at layers. The predictor and the evaluation work on this and know nothing of how it was
/// measured.
struct SteerabilityMatrix {
  std::size_t samples = 0;
  std::vector<std::size_t> layers;  ///< the model's layer of each column, ascending
  std::vector<double> values;       ///< [samples][layers]

  [[nodiscard]] std::span<const double> sample(std::size_t index) const {
    return std::span(values).subspan(index * layers.size(), layers.size());
  }
  /// The rows of some samples, in the order given.
  [[nodiscard]] SteerabilityMatrix select(std::span<const std::size_t> indices) const;
};

/// Labels of samples as classes; layers that are nobody's label are pruned.
struct LayerLabels {
  std::vector<std::size_t> layers;   ///< model layer of each class, ascending
  std::vector<std::size_t> classes;  ///< [samples]
};

/// Frequency label smoothing (eq. 7): each sample gets, among its k most steerable layers, the one that is most often a
/// sample's best; ties go to the layer that steers this sample more. k = 1 is the plain argmax. Throws Error{usage} for
/// k = 0 and Error{data} for no samples. Steerabilities that are equal rank by layer, lower first.
[[nodiscard]] LayerLabels label_layers(const SteerabilityMatrix& steerability, std::size_t top_k);

/// The column with the highest mean steerability: the fixed layer (section 6.1). The first of equal ones.
[[nodiscard]] std::size_t best_fixed_column(const SteerabilityMatrix& steerability);

}  // namespace w2s
