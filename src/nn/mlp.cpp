#include "nn/mlp.h"

#include <cmath>
#include <cstddef>

namespace w2s::nn {
namespace {

double initial_deviation(Index inputs, Index outputs, bool before_relu) {
  const auto fan_in = static_cast<double>(inputs);
  const auto fan_out = static_cast<double>(outputs);
  return before_relu ? std::sqrt(2 / fan_in) : std::sqrt(2 / (fan_in + fan_out));
}

template <typename Scalar>
Dense<Scalar> initialize_dense(Index inputs, Index outputs, bool before_relu, Random& random) {
  const double deviation = initial_deviation(inputs, outputs, before_relu);
  Dense<Scalar> dense{Matrix<Scalar>(outputs, inputs), Vector<Scalar>::Zero(outputs)};
  for (Scalar& weight : dense.weight.reshaped()) weight = static_cast<Scalar>(deviation * random.normal());
  return dense;
}

template <typename Scalar>
void activate(Activation activation, Eigen::Ref<Matrix<Scalar>> values) {
  switch (activation) {
    case Activation::relu:
      values = values.cwiseMax(Scalar{0});
      break;
    case Activation::tanh:
      values = values.array().tanh();
      break;
  }
}

// From the gradient after an activation to the one before it. Both derivatives follow from the activation's value. The
// pointers are to whole columns, which lie one after the other.
template <typename Scalar>
void multiply_by_derivative(Activation activation, const Scalar* values, Scalar* gradient, Index count) {
  switch (activation) {
    case Activation::relu:
      for (Index i = 0; i < count; ++i) gradient[i] = values[i] > Scalar{0} ? gradient[i] : Scalar{0};
      break;
    case Activation::tanh:
      for (Index i = 0; i < count; ++i) gradient[i] *= Scalar{1} - values[i] * values[i];
      break;
  }
}

}  // namespace

template <typename Scalar>
Parameters<Scalar> zeros_like(const Parameters<Scalar>& parameters) {
  Parameters<Scalar> zeros;
  zeros.reserve(parameters.size());
  for (const auto& dense : parameters) {
    zeros.push_back(
        {Matrix<Scalar>::Zero(dense.weight.rows(), dense.weight.cols()), Vector<Scalar>::Zero(dense.bias.size())});
  }
  return zeros;
}

template <typename Scalar>
Mlp<Scalar> initialize(const MlpShape& shape, Random& random) {
  Mlp<Scalar> mlp{shape.activation, {}};
  Index inputs = shape.inputs;
  for (Index i = 0; i < shape.hidden_layers; ++i) {
    const bool before_relu = shape.activation == Activation::relu;
    mlp.layers.push_back(initialize_dense<Scalar>(inputs, shape.hidden_width, before_relu, random));
    inputs = shape.hidden_width;
  }
  mlp.layers.push_back(initialize_dense<Scalar>(inputs, shape.outputs, false, random));
  return mlp;
}

template <typename Scalar>
BatchPass<Scalar>::BatchPass(const Mlp<Scalar>& mlp, Index max_batch) {
  for (const auto& dense : mlp.layers) {
    values_.emplace_back(dense.weight.rows(), max_batch);
    deltas_.emplace_back(dense.weight.rows(), max_batch);
  }
}

template <typename Scalar>
Eigen::Ref<const Matrix<Scalar>> BatchPass<Scalar>::forward(const Mlp<Scalar>& mlp, const Batch<Scalar>& inputs) {
  columns_ = inputs.cols();
  for (std::size_t i = 0; i < mlp.layers.size(); ++i) {
    const auto& dense = mlp.layers[i];
    auto output = values_[i].leftCols(columns_);
    if (i == 0) {
      output.noalias() = dense.weight * inputs;
    } else {
      output.noalias() = dense.weight * values_[i - 1].leftCols(columns_);
    }
    output.colwise() += dense.bias;
    if (i + 1 < mlp.layers.size()) activate<Scalar>(mlp.activation, output);
  }
  return values_.back().leftCols(columns_);
}

template <typename Scalar>
void BatchPass<Scalar>::backward(const Mlp<Scalar>& mlp, const Batch<Scalar>& inputs, Parameters<Scalar>& gradients) {
  for (std::size_t i = mlp.layers.size(); i-- > 0;) {
    const auto delta = deltas_[i].leftCols(columns_);
    gradients[i].bias.noalias() = delta.rowwise().sum();
    if (i == 0) {
      gradients[i].weight.noalias() = delta * inputs.transpose();
      return;
    }
    const auto& values = values_[i - 1];
    gradients[i].weight.noalias() = delta * values.leftCols(columns_).transpose();
    auto& previous = deltas_[i - 1];
    previous.leftCols(columns_).noalias() = mlp.layers[i].weight.transpose() * delta;
    multiply_by_derivative(mlp.activation, values.data(), previous.data(), columns_ * values.rows());
  }
}

template Parameters<float> zeros_like(const Parameters<float>&);
template Parameters<double> zeros_like(const Parameters<double>&);
template Mlp<float> initialize(const MlpShape&, Random&);
template Mlp<double> initialize(const MlpShape&, Random&);
template class BatchPass<float>;
template class BatchPass<double>;

}  // namespace w2s::nn
