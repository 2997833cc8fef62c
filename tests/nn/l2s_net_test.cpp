// A network of the form that L2S trains, beside PyTorch's: loss, gradients, and loss after training in float64. The
// numbers were printed by l2s_net_fixture.py (PyTorch 2.15), which builds weights and samples from the same formula.
#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <span>

#include "nn/training.h"

namespace w2s::nn {
namespace {

constexpr double initial_loss = 1.2566879821920409;
constexpr std::array<double, 30> hidden_weight_gradient = {
    0.0058249944645889567, 0.016232527108573855,  0.02444306335864033,   0.029345345650708697,   0.030275873074193303,
    0.02710870310762702,   -0.029925598722930793, -0.041939793943952371, -0.048277634803127384,  -0.048081324272322222,
    -0.041377432060946975, -0.029073298530431221, -0.01567530534475425,  -0.030453981246059168,  -0.04111085365179426,
    -0.0462035648754918,   -0.045042840344012763, -0.037785778677487787, -0.0079211932348662219, -0.014767056672411754,
    -0.019614268264740841, -0.021806780662129256, -0.0210478475971311,   -0.017440187099777935,  0.034808462367312124,
    0.048291170226010302,  0.055237894738738455,  0.054708429331256865,  0.046774434662633625,   0.032509739691215345};
constexpr std::array<double, 5> hidden_bias_gradient = {
    0.048689953569231718, 0.030249944443113796, 0.039792302571435609, -0.062905089767406872, -0.018618777472927804};
constexpr std::array<double, 30> output_weight_gradient = {
    -0.01595664446488881,   -0.0084373081073698172, 0.026029065153264044,  -0.023474627307092513,
    -0.0096603799973506987, -0.04128883801588621,   -0.059865519673468884, 0.095522235202495615,
    -0.047559435778924179,  -0.062079374541135983,  -0.052973318690391034, -0.089373684272735038,
    0.12663119342688151,    -0.052936617503437762,  -0.09137908405729589,  -0.041554610960133569,
    -0.082449835408067523,  0.1017505407466982,     -0.034177537314356528, -0.083174221687991282,
    -0.0085301610396463449, -0.041497001021381853,  0.030975612262733491,  0.0020501185527462703,
    -0.040617198259449899,  0.032337010640594764,   0.015077799847804189,  -0.052490619799995468,
    0.039440504932760009,   0.016999353285429859};
constexpr std::array<double, 6> output_bias_gradient = {0.073261761448623716, 0.07181391618603418,
                                                        0.018302410873323738, -0.051285460175968509,
                                                        -0.08771712378390259, -0.064455157296757798};
constexpr double trained_loss = 1.0376922172128136;

constexpr double tolerance = 1e-10;
constexpr Index inputs = 6;
constexpr Index hidden = 5;
constexpr Index outputs = 6;
constexpr Index samples = 8;

// amplitude * sin(frequency * n), n counting from 1 row by row.
Matrix<double> wave(Index rows, Index columns, double amplitude, double frequency) {
  return Matrix<double>::NullaryExpr(rows, columns, [=](Index row, Index column) {
    return amplitude * std::sin(frequency * static_cast<double>(row * columns + column + 1));
  });
}

Mlp<double> network() {
  return {Activation::tanh,
          {{wave(hidden, inputs, 0.5, 0.7), wave(hidden, 1, 0.1, 1.3)},
           {wave(outputs, hidden, 0.4, 1.1), wave(outputs, 1, 0.2, 0.9)}}};
}

Examples<double> examples() {
  return {wave(samples, inputs, 1.0, 0.37).transpose(), wave(samples, outputs, 1.5, 0.53).transpose()};
}

double mean_squared_error(const Mlp<double>& mlp) {
  const auto all = examples();
  BatchPass<double> pass(mlp, samples);
  return summed_loss<double>(Loss::mean_squared_error, pass.forward(mlp, all.inputs), all.targets) / samples;
}

// PyTorch's arrays are row by row.
void expect_equal(const Matrix<double>& ours, std::span<const double> row_by_row) {
  const Matrix<double> transposed = ours.transpose();
  const std::span values(transposed.data(), static_cast<std::size_t>(transposed.size()));
  EXPECT_THAT(values, testing::Pointwise(testing::DoubleNear(tolerance), row_by_row));
}

TEST(L2sNetwork, HasTheLossOfPyTorch) { EXPECT_NEAR(mean_squared_error(network()), initial_loss, tolerance); }

TEST(L2sNetwork, HasTheGradientsOfPyTorch) {
  const auto mlp = network();
  const auto all = examples();
  BatchPass<double> pass(mlp, samples);
  const auto predicted = pass.forward(mlp, all.inputs);
  loss_gradient<double>(Loss::mean_squared_error, predicted, all.targets, pass.output_gradient());
  auto gradients = zeros_like(mlp.layers);
  pass.backward(mlp, all.inputs, gradients);
  expect_equal(gradients[0].weight, hidden_weight_gradient);
  expect_equal(gradients[0].bias, hidden_bias_gradient);
  expect_equal(gradients[1].weight, output_weight_gradient);
  expect_equal(gradients[1].bias, output_bias_gradient);
}

TEST(L2sNetwork, HasTheLossOfPyTorchAfterFiftyStepsOfAdamW) {
  auto mlp = network();
  Random random(1);  // decides the order of the samples, all of which are in each step
  const TrainingOptions options{
      .optimizer = {.learning_rate = 0.01, .weight_decay = 0.01}, .loss = Loss::mean_squared_error, .batch = samples};
  train(mlp, examples(), 50, options, random);
  EXPECT_NEAR(mean_squared_error(mlp), trained_loss, tolerance);
}

}  // namespace
}  // namespace w2s::nn
