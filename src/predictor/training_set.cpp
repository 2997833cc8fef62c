#include "predictor/training_set.h"

#include <fmt/format.h>

#include <algorithm>

#include "w2s/error.h"

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
                              const LayerLabels& labels) {
  TrainingSet set;
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
  const auto count = static_cast<Eigen::Index>(samples.size());
  nn::Examples<float> examples{axes.project(set.points(Eigen::all, samples)),
                               Eigen::MatrixXf::Zero(set.class_count(), count)};
  for (Eigen::Index i = 0; i < count; ++i) {
    const Eigen::Index sample = samples[static_cast<std::size_t>(i)];
    examples.targets(set.classes[static_cast<std::size_t>(sample)], i) = 1;
  }
  return examples;
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

nn::TrainingOptions training_options(const PredictorSettings& settings, const PredictorOptions& options) {
  return {
      .optimizer = {.learning_rate = settings.learning_rate, .weight_decay = settings.weight_decay},
      .loss = nn::Loss::cross_entropy,
      .batch = static_cast<Eigen::Index>(options.batch),
  };
}

}  // namespace w2s
