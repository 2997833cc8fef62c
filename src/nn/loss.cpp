#include "nn/loss.h"

#include <cmath>

namespace w2s::nn {
namespace {

// log(sum(exp)) is taken apart from the targets' product so that a probability that rounds to 0 does not become
// log(0).
template <typename Scalar>
double summed_cross_entropy(const Batch<Scalar>& outputs, const Batch<Scalar>& targets) {
  double sum = 0;
  for (Index column = 0; column < outputs.cols(); ++column) {
    const Scalar largest = outputs.col(column).maxCoeff();
    const Scalar normalizer = std::log((outputs.col(column).array() - largest).exp().sum());
    sum +=
        static_cast<double>((targets.col(column).array() * (normalizer + largest - outputs.col(column).array())).sum());
  }
  return sum;
}

template <typename Scalar>
double summed_expected_reward(const Batch<Scalar>& outputs, const Batch<Scalar>& rewards) {
  Matrix<Scalar> probabilities = outputs;
  softmax<Scalar>(probabilities);
  return static_cast<double>(probabilities.cwiseProduct(rewards).sum());
}

// d(p . r)/d(output i) is p_i (r_i - p . r): the policy gradient with its expectation taken exactly.
template <typename Scalar>
void negative_expected_reward_gradient(const Batch<Scalar>& outputs, const Batch<Scalar>& rewards,
                                       Eigen::Ref<Matrix<Scalar>> gradient) {
  gradient = outputs;
  softmax<Scalar>(gradient);
  for (Index column = 0; column < gradient.cols(); ++column) {
    const Scalar expected = gradient.col(column).dot(rewards.col(column));
    gradient.col(column).array() *= expected - rewards.col(column).array();
  }
  gradient /= static_cast<Scalar>(outputs.cols());
}

}  // namespace

template <typename Scalar>
void softmax(Eigen::Ref<Matrix<Scalar>> columns) {
  columns.rowwise() -= columns.colwise().maxCoeff().eval();
  columns = columns.array().exp();
  for (Index column = 0; column < columns.cols(); ++column) columns.col(column) /= columns.col(column).sum();
}

template <typename Scalar>
double summed_loss(Loss loss, const Batch<Scalar>& outputs, const Batch<Scalar>& targets) {
  if (loss == Loss::negative_expected_reward) return -summed_expected_reward<Scalar>(outputs, targets);
  if (loss == Loss::cross_entropy) return summed_cross_entropy<Scalar>(outputs, targets);
  return static_cast<double>((outputs - targets).squaredNorm()) / static_cast<double>(outputs.rows());
}

template <typename Scalar>
void loss_gradient(Loss loss, const Batch<Scalar>& outputs, const Batch<Scalar>& targets,
                   Eigen::Ref<Matrix<Scalar>> gradient) {
  if (loss == Loss::negative_expected_reward) {
    negative_expected_reward_gradient<Scalar>(outputs, targets, gradient);
    return;
  }
  const auto samples = static_cast<Scalar>(outputs.cols());
  if (loss == Loss::mean_squared_error) {
    gradient = (outputs - targets) * (Scalar{2} / (samples * static_cast<Scalar>(outputs.rows())));
    return;
  }
  gradient = outputs;
  softmax<Scalar>(gradient);
  gradient = (gradient - targets) / samples;
}

template void softmax<float>(Eigen::Ref<Matrix<float>>);
template void softmax<double>(Eigen::Ref<Matrix<double>>);
template double summed_loss<float>(Loss, const Batch<float>&, const Batch<float>&);
template double summed_loss<double>(Loss, const Batch<double>&, const Batch<double>&);
template void loss_gradient<float>(Loss, const Batch<float>&, const Batch<float>&, Eigen::Ref<Matrix<float>>);
template void loss_gradient<double>(Loss, const Batch<double>&, const Batch<double>&, Eigen::Ref<Matrix<double>>);

}  // namespace w2s::nn
