// What an L2S network is trained on: representations and oracle vectors in coordinates that are easy to learn in and no
// more than there are samples, however wide the model; and the way back.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>

#include "nn/mlp.h"
#include "nn/principal_axes.h"
#include "vectors/l2s_network.h"
#include "w2s/vectors.h"

namespace w2s::l2s {

/// Training and validation samples on the training samples' principal axes.
struct Coordinates {
  nn::PrincipalAxes axes;
  Eigen::MatrixXf training;    ///< [axes][samples]
  Eigen::MatrixXf validation;  ///< [axes][samples]
};

/// The representations at a context layer, which is one of the prompt layers of both sets.
[[nodiscard]] Coordinates context_coordinates(const MethodTraining& training, std::size_t context_layer);

/// The place of a layer among a set's prompt layers, or their number if it is not one.
[[nodiscard]] std::size_t prompt_index(const RepresentationSet& set, std::size_t layer);

/// The oracle vectors of a layer, less the training samples' mean: a network that gives zeros predicts that mean.
struct Targets {
  Coordinates coordinates;
  double error_per_loss = 0;  ///< squared error in the model's residual stream for 1 in these coordinates
  double error_outside = 0;   ///< of the part of the validation vectors that the axes leave out
  double mean_error = 0;      ///< of predicting the mean, on the validation samples

  /// The squared error of validation vectors, mean over samples and the model's width, for that of the coordinates.
  [[nodiscard]] double error(double loss) const { return error_outside + loss * error_per_loss; }
};

/// `mean` is the mean difference of the training samples at `layer`, [width].
[[nodiscard]] Targets targets_of(const MethodTraining& training, std::size_t layer, std::span<const float> mean);

/// A network between coordinates as one between representations and vectors. Its record is left empty.
[[nodiscard]] Network in_residual_stream(const nn::Mlp<float>& mlp, const nn::PrincipalAxes& context,
                                         const nn::PrincipalAxes& target);

}  // namespace w2s::l2s
