// A multilayer perceptron as a plain value, and its forward and backward pass over batches.
//
// Batches are matrices with one sample a column, so that every pass is a few large matrix products. Scalar is float in
// use; double exists for checking gradients against finite differences.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "base/random.h"

namespace w2s::nn {

using Eigen::Index;

template <typename Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
template <typename Scalar>
using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
template <typename Scalar>
using Batch = Eigen::Ref<const Matrix<Scalar>>;

/// Applied after every layer but the last, which is linear.
enum class Activation { relu, tanh };

struct MlpShape {
  Index inputs = 1;
  Index outputs = 1;
  Index hidden_width = 64;
  Index hidden_layers = 1;  ///< 0: a linear model
  Activation activation = Activation::relu;
};

template <typename Scalar>
struct Dense {
  Matrix<Scalar> weight;  ///< [outputs][inputs]
  Vector<Scalar> bias;    ///< [outputs]
};

/// Parameters of a network, or their gradients.
template <typename Scalar>
using Parameters = std::vector<Dense<Scalar>>;

template <typename Scalar>
[[nodiscard]] Parameters<Scalar> zeros_like(const Parameters<Scalar>& parameters);

template <typename Scalar>
struct Mlp {
  Activation activation = Activation::relu;
  Parameters<Scalar> layers;  ///< at least one

  [[nodiscard]] Index inputs() const { return layers.front().weight.cols(); }
  [[nodiscard]] Index outputs() const { return layers.back().weight.rows(); }
};

/// Random weights and zero biases: He et al. (2015) before a ReLU, Glorot and Bengio (2010) before a tanh or the
/// output.
template <typename Scalar>
[[nodiscard]] Mlp<Scalar> initialize(const MlpShape& shape, Random& random);

/// Forward and backward pass. Holds all intermediate values, allocated once for batches of up to `max_batch` columns.
template <typename Scalar>
class BatchPass {
 public:
  BatchPass(const Mlp<Scalar>& mlp, Index max_batch);

  [[nodiscard]] Index max_batch() const { return values_.back().cols(); }

  /// Outputs [outputs][columns], valid until the next call.
  Eigen::Ref<const Matrix<Scalar>> forward(const Mlp<Scalar>& mlp, const Batch<Scalar>& inputs);

  /// Where the caller puts the loss's gradient with respect to the outputs, between `forward` and `backward`.
  [[nodiscard]] Eigen::Ref<Matrix<Scalar>> output_gradient() { return deltas_.back().leftCols(columns_); }

  /// Sets `gradients` for the batch that `forward` saw last.
  void backward(const Mlp<Scalar>& mlp, const Batch<Scalar>& inputs, Parameters<Scalar>& gradients);

 private:
  std::vector<Matrix<Scalar>> values_;  // each layer's output, after its activation
  std::vector<Matrix<Scalar>> deltas_;  // the loss's gradient with respect to each layer's output before its activation
  Index columns_ = 0;
};

}  // namespace w2s::nn
