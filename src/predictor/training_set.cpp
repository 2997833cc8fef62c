#include "predictor/training_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "w2s/base.h"

namespace w2s {
namespace {

Eigen::MatrixXd unit_columns(std::span<const float> embeddings, std::size_t samples) {
  const std::size_t width = samples == 0 ? 0 : embeddings.size() / samples;
  if (width == 0 || width * samples != embeddings.size()) {
    throw Error(ErrorKind::predictor,
                fmt::format("{} embedding values do not divide among {} samples", embeddings.size(), samples));
  }
  Eigen::MatrixXd points(static_cast<Eigen::Index>(width), static_cast<Eigen::Index>(samples));
  for (std::size_t i = 0; i < samples; ++i) {
    points.col(static_cast<Eigen::Index>(i)) = unit_length(embeddings.subspan(i * width, width));
  }
  return points;
}

Eigen::MatrixXd one_hot(const TrainingSet& set) {
  Eigen::MatrixXd targets = Eigen::MatrixXd::Zero(set.class_count(), set.samples());
  for (Eigen::Index i = 0; i < set.samples(); ++i) targets(set.classes[static_cast<std::size_t>(i)], i) = 1;
  return targets;
}

// Neither a sample's mean nor one positive factor for all changes what is optimal. Without the mean, what layers differ
// by keeps its digits in float; the factor makes learning rates mean the same for every model.
Eigen::MatrixXd rewards(const TrainingSet& set) {
  Eigen::MatrixXd rewards = set.class_steerability;
  rewards.rowwise() -= rewards.colwise().mean().eval();
  const double root_mean_square = rewards.reshaped().stableNorm() / std::sqrt(static_cast<double>(rewards.size()));
  if (root_mean_square > 0) rewards /= root_mean_square;
  return rewards;
}

}  // namespace

Eigen::VectorXd unit_length(std::span<const float> embedding) {
  Eigen::VectorXd values =
      Eigen::Map<const Eigen::VectorXf>(embedding.data(), static_cast<Eigen::Index>(embedding.size())).cast<double>();
  if (!values.allFinite()) throw Error(ErrorKind::predictor, "a prompt's embedding holds a value that is not finite");
  const double length = values.norm();
  if (length > 0) values /= length;
  return values;
}

TrainingSet make_training_set(std::span<const float> embeddings, const SteerabilityMatrix& steerability,
                              const LayerLabels& labels, Objective objective) {
  TrainingSet set;
  set.objective = objective;
  set.points = unit_columns(embeddings, steerability.samples);
  for (const std::size_t label : labels.classes) set.classes.push_back(static_cast<Eigen::Index>(label));
  set.class_steerability.resize(static_cast<Eigen::Index>(labels.layers.size()), set.points.cols());
  for (std::size_t label = 0; label < labels.layers.size(); ++label) {
    const auto column = std::ranges::find(steerability.layers, labels.layers[label]) - steerability.layers.begin();
    for (std::size_t i = 0; i < steerability.samples; ++i) {
      set.class_steerability(static_cast<Eigen::Index>(label), static_cast<Eigen::Index>(i)) =
          steerability.sample(i)[static_cast<std::size_t>(column)];
    }
  }
  return set;
}

nn::Examples<float> make_examples(const TrainingSet& set, std::span<const Eigen::Index> samples,
                                  const nn::PrincipalAxes& axes) {
  const Eigen::MatrixXd targets = set.objective == Objective::cross_entropy ? one_hot(set) : rewards(set);
  return {axes.project(set.points(Eigen::all, samples)), targets(Eigen::all, samples).cast<float>()};
}

// The paper does not name the activation of its predictor: ReLU is the usual one.
nn::Mlp<float> initial_network(const PredictorSettings& settings, const nn::Examples<float>& examples, Random& random) {
  return nn::initialize<float>(
      {
          .inputs = examples.inputs.rows(),
          .outputs = examples.targets.rows(),
          .hidden_width = static_cast<Eigen::Index>(settings.hidden_width),
          .hidden_layers = static_cast<Eigen::Index>(settings.hidden_layers),
          .activation = nn::Activation::relu,
      },
      random);
}

nn::TrainingOptions training_options(const TrainingSet& set, const PredictorSettings& settings,
                                     const PredictorOptions& options) {
  return {
      .optimizer = {.learning_rate = settings.learning_rate, .weight_decay = settings.weight_decay},
      .loss = set.objective == Objective::cross_entropy ? nn::Loss::cross_entropy : nn::Loss::negative_expected_reward,
      .batch = static_cast<Eigen::Index>(options.batch),
  };
}

}  // namespace w2s
