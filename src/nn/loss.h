// What a network is trained to make small. Outputs and targets are [outputs][samples].
#pragma once

#include "nn/mlp.h"

namespace w2s::nn {

enum class Loss {
  cross_entropy,            ///< of softmax(outputs) against targets that are distributions: mean over samples
  mean_squared_error,       ///< mean over samples and outputs
  negative_expected_reward  ///< minus softmax(outputs) . targets, the targets being rewards: mean over samples
};

/// The softmax of each column, in place.
template <typename Scalar>
void softmax(Eigen::Ref<Matrix<Scalar>> columns);

/// The loss, summed over the batch's samples: the mean over several batches is their sums over their samples.
template <typename Scalar>
[[nodiscard]] double summed_loss(Loss loss, const Batch<Scalar>& outputs, const Batch<Scalar>& targets);

/// The gradient of the batch's mean loss with respect to the outputs.
template <typename Scalar>
void loss_gradient(Loss loss, const Batch<Scalar>& outputs, const Batch<Scalar>& targets,
                   Eigen::Ref<Matrix<Scalar>> gradient);

}  // namespace w2s::nn
