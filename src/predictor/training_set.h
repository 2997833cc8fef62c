// What networks are trained on: prompt embeddings with their layer classes, and what each class would have yielded.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <vector>

#include "nn/principal_axes.h"
#include "nn/training.h"
#include "w2s/predictor.h"

namespace w2s {

struct TrainingSet {
  Objective objective = Objective::cross_entropy;
  Eigen::MatrixXd points;              ///< [width][samples], of unit length
  std::vector<Eigen::Index> classes;   ///< [samples]
  Eigen::MatrixXd class_steerability;  ///< [classes][samples]

  [[nodiscard]] Eigen::Index samples() const { return points.cols(); }
  [[nodiscard]] Eigen::Index class_count() const { return class_steerability.rows(); }
};

/// Throws Error{predictor} if `embeddings` is not [samples][width], or holds a value that is not finite.
[[nodiscard]] TrainingSet make_training_set(std::span<const float> embeddings, const SteerabilityMatrix& steerability,
                                            const LayerLabels& labels, Objective objective = Objective::cross_entropy);

/// An embedding scaled to unit length; a zero vector stays as it is. Throws Error{predictor} for a value that is not
/// finite.
[[nodiscard]] Eigen::VectorXd unit_length(std::span<const float> embedding);

/// Network inputs and targets of some of the samples: one-hot labels, or rewards that are scaled alike for all samples.
[[nodiscard]] nn::Examples<float> make_examples(const TrainingSet& set, std::span<const Eigen::Index> samples,
                                                const nn::PrincipalAxes& axes);

[[nodiscard]] nn::Mlp<float> initial_network(const PredictorSettings& settings, const nn::Examples<float>& examples,
                                             Random& random);

[[nodiscard]] nn::TrainingOptions training_options(const TrainingSet& set, const PredictorSettings& settings,
                                                   const PredictorOptions& options);

}  // namespace w2s
