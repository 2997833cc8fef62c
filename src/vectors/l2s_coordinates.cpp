#include "vectors/l2s_coordinates.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace w2s::l2s {
namespace {

using Eigen::Index;
using Rows = std::function<std::span<const float>(std::size_t sample)>;

// One sample a column.
Eigen::MatrixXd points(std::size_t samples, std::size_t width, const Rows& row) {
  Eigen::MatrixXd columns(static_cast<Index>(width), static_cast<Index>(samples));
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const Eigen::Map<const Eigen::VectorXf> values(row(sample).data(), columns.rows());
    columns.col(static_cast<Index>(sample)) = values.cast<double>();
  }
  return columns;
}

Eigen::MatrixXd context_points(const RepresentationSet& set, std::size_t layer) {
  const std::size_t index = prompt_index(set, layer);
  return points(set.samples, set.width, [&](std::size_t sample) { return set.prompt(sample, index); });
}

Eigen::MatrixXd target_points(const RepresentationSet& set, std::size_t layer) {
  return points(set.samples, set.width, [&](std::size_t sample) { return set.difference(sample, layer); });
}

// What undoes the axes' common scale twice: the projection's transpose times this is its inverse on its axes.
double inverse_squared_scale(const nn::PrincipalAxes& axes) {
  const double squared_scale = axes.projection.row(0).squaredNorm();
  return squared_scale > 0 ? 1 / squared_scale : 0;
}

double mean_squared_norm_over_columns(const Eigen::MatrixXd& columns) {
  return columns.squaredNorm() / static_cast<double>(columns.cols());
}

std::vector<float> to_vector(const Eigen::MatrixXf& column_major) {
  return {column_major.data(), column_major.data() + column_major.size()};
}

}  // namespace

std::size_t prompt_index(const RepresentationSet& set, std::size_t layer) {
  return static_cast<std::size_t>(std::ranges::find(set.prompt_layers, layer) - set.prompt_layers.begin());
}

Coordinates context_coordinates(const MethodTraining& training, std::size_t context_layer) {
  const auto train = context_points(training.train, context_layer);
  auto axes = nn::principal_axes(train);
  auto train_coordinates = axes.project(train);
  auto validation_coordinates = axes.project(context_points(training.validation, context_layer));
  return {std::move(axes), std::move(train_coordinates), std::move(validation_coordinates)};
}

Targets targets_of(const MethodTraining& training, std::size_t layer, std::span<const float> mean) {
  const auto train = target_points(training.train, layer);
  auto validation = target_points(training.validation, layer);
  auto axes = nn::principal_axes(train);
  axes.mean = Eigen::Map<const Eigen::VectorXf>(mean.data(), train.rows());  // equal but for the order of summation

  Targets targets;
  auto& [kept_axes, train_coordinates, validation_coordinates] = targets.coordinates;
  train_coordinates = axes.project(train);
  validation_coordinates = axes.project(validation);

  const auto width = static_cast<double>(train.rows());
  const double squared_length = inverse_squared_scale(axes);
  validation.colwise() -= axes.mean.cast<double>();
  targets.mean_error = mean_squared_norm_over_columns(validation) / width;
  const double inside = mean_squared_norm_over_columns(validation_coordinates.cast<double>()) * squared_length / width;
  targets.error_outside = std::max(0.0, targets.mean_error - inside);
  targets.error_per_loss = squared_length * static_cast<double>(validation_coordinates.rows()) / width;
  kept_axes = std::move(axes);
  return targets;
}

Network in_residual_stream(const nn::Mlp<float>& mlp, const nn::PrincipalAxes& context,
                           const nn::PrincipalAxes& target) {
  const auto& first = mlp.layers.front();
  const auto& last = mlp.layers.back();
  const Eigen::MatrixXf hidden_weight = (first.weight.cast<double>() * context.projection).cast<float>();
  // With the rounded weights, so that a representation equal to the mean cancels.
  const Eigen::VectorXf hidden_bias =
      (first.bias.cast<double>() - hidden_weight.cast<double>() * context.mean.cast<double>()).cast<float>();
  const Eigen::MatrixXd back = target.projection.transpose() * inverse_squared_scale(target);
  const Eigen::MatrixXf output_weight = (back * last.weight.cast<double>()).cast<float>();
  const Eigen::VectorXf output_bias = (target.mean.cast<double>() + back * last.bias.cast<double>()).cast<float>();
  return {.hidden_weight = to_vector(hidden_weight),
          .hidden_bias = to_vector(hidden_bias),
          .output_weight = to_vector(output_weight),
          .output_bias = to_vector(output_bias)};
}

}  // namespace w2s::l2s
