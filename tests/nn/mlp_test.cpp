#include "nn/mlp.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "nn/loss.h"

namespace w2s::nn {
namespace {

Matrix<double> random_matrix(Index rows, Index columns, Random& random) {
  Matrix<double> matrix(rows, columns);
  for (double& value : matrix.reshaped()) value = random.normal();
  return matrix;
}

struct GradientCase {
  MlpShape shape;
  Loss loss;
};

// Columns that sum to 1, so that they are targets for every loss.
Matrix<double> random_targets(Index outputs, Index columns, Random& random) {
  Matrix<double> targets = random_matrix(outputs, columns, random);
  softmax<double>(targets);
  return targets;
}

class Gradient : public ::testing::TestWithParam<GradientCase> {};

TEST_P(Gradient, EqualsCentralDifferencesOfTheLoss) {
  const auto& [shape, loss] = GetParam();
  Random random(7);
  auto mlp = initialize<double>(shape, random);
  for (auto& dense : mlp.layers) dense.bias = random_matrix(dense.bias.size(), 1, random);
  constexpr Index samples = 6;
  const Matrix<double> inputs = random_matrix(shape.inputs, samples, random);
  const Matrix<double> targets = random_targets(shape.outputs, samples, random);

  BatchPass<double> pass(mlp, samples + 3);
  auto gradients = zeros_like(mlp.layers);
  const auto outputs = pass.forward(mlp, inputs);
  loss_gradient<double>(loss, outputs, targets, pass.output_gradient());
  pass.backward(mlp, inputs, gradients);

  const auto mean_loss = [&] { return summed_loss<double>(loss, pass.forward(mlp, inputs), targets) / samples; };
  const auto expect_gradient = [&](double& parameter, double gradient) {
    constexpr double step = 1e-5;
    const double value = parameter;
    parameter = value + step;
    const double above = mean_loss();
    parameter = value - step;
    const double below = mean_loss();
    parameter = value;
    EXPECT_NEAR(gradient, (above - below) / (2 * step), 1e-8);
  };
  for (std::size_t i = 0; i < mlp.layers.size(); ++i) {
    auto& dense = mlp.layers[i];
    for (Index j = 0; j < dense.weight.size(); ++j) {
      expect_gradient(dense.weight.reshaped()[j], gradients[i].weight.reshaped()[j]);
    }
    for (Index j = 0; j < dense.bias.size(); ++j) expect_gradient(dense.bias[j], gradients[i].bias[j]);
  }
}

INSTANTIATE_TEST_SUITE_P(ShapesAndLosses, Gradient,
                         ::testing::Values(GradientCase{{4, 3, 5, 0, Activation::relu}, Loss::cross_entropy},
                                           GradientCase{{4, 3, 5, 1, Activation::relu}, Loss::cross_entropy},
                                           GradientCase{{4, 3, 5, 3, Activation::relu}, Loss::cross_entropy},
                                           GradientCase{{4, 3, 5, 2, Activation::tanh}, Loss::cross_entropy},
                                           GradientCase{{4, 3, 5, 2, Activation::relu}, Loss::mean_squared_error},
                                           GradientCase{{3, 4, 5, 1, Activation::tanh}, Loss::mean_squared_error},
                                           GradientCase{{4, 3, 5, 2, Activation::relu},
                                                        Loss::negative_expected_reward}));

// By hand: hidden = act(1*2 + 2*(-1) + 1, -1*2 + 0*(-1) + 0) = act(1, -2); output = 3*h0 - h1 + 0.5.
Mlp<double> two_hidden_units(Activation activation) {
  Mlp<double> mlp{activation, {}};
  mlp.layers.push_back({Matrix<double>{{1, 2}, {-1, 0}}, Vector<double>{{1, 0}}});
  mlp.layers.push_back({Matrix<double>{{3, -1}}, Vector<double>{{0.5}}});
  return mlp;
}

TEST(Mlp, AppliesItsActivationToHiddenLayersOnly) {
  const Matrix<double> input{{2}, {-1}};
  const auto relu = two_hidden_units(Activation::relu);
  EXPECT_DOUBLE_EQ(BatchPass<double>(relu, 1).forward(relu, input)(0, 0), 3.5);
  const auto tanh = two_hidden_units(Activation::tanh);
  EXPECT_DOUBLE_EQ(BatchPass<double>(tanh, 1).forward(tanh, input)(0, 0), 3 * std::tanh(1.0) + std::tanh(2.0) + 0.5);
}

TEST(Mlp, TreatsEachColumnOfABatchByItself) {
  Random random(3);
  const auto mlp = initialize<double>({6, 4, 8, 2, Activation::relu}, random);
  const Matrix<double> inputs = random_matrix(6, 5, random);
  BatchPass<double> pass(mlp, 5);
  const Matrix<double> together = pass.forward(mlp, inputs);
  for (Index i = 0; i < inputs.cols(); ++i) {
    const Matrix<double> alone = pass.forward(mlp, inputs.col(i));
    EXPECT_TRUE(alone.isApprox(together.col(i), 1e-12)) << "column " << i;
  }
}

TEST(Initialization, FollowsHeBeforeReluAndGlorotElsewhere) {
  const auto variance = [](const Matrix<float>& weight) {
    return weight.squaredNorm() / static_cast<float>(weight.size());
  };
  Random random(5);
  const auto relu = initialize<float>({200, 100, 300, 1, Activation::relu}, random);
  EXPECT_NEAR(variance(relu.layers[0].weight), 2.0 / 200, 0.0003);
  EXPECT_NEAR(variance(relu.layers[1].weight), 2.0 / 400, 0.0003);
  const auto tanh = initialize<float>({200, 100, 300, 1, Activation::tanh}, random);
  EXPECT_NEAR(variance(tanh.layers[0].weight), 2.0 / 500, 0.0003);
  EXPECT_TRUE(relu.layers[0].bias.isZero(0));
}

TEST(Initialization, IsDecidedByTheSeed) {
  const MlpShape shape{5, 3, 4, 1, Activation::relu};
  Random first(9);
  Random second(9);
  Random other(10);
  const auto weight = initialize<float>(shape, first).layers[0].weight;
  EXPECT_EQ(weight, initialize<float>(shape, second).layers[0].weight);
  EXPECT_NE(weight, initialize<float>(shape, other).layers[0].weight);
}

}  // namespace
}  // namespace w2s::nn
