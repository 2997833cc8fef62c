#include "nn/adamw.h"

#include <gmock/gmock.h>

namespace w2s::nn {
namespace {

Parameters<double> one_weight_and_bias(double weight, double bias) {
  return {{Matrix<double>::Constant(1, 1, weight), Vector<double>::Constant(1, bias)}};
}

// Expected values by exact decimal arithmetic on the update that PyTorch documents for torch.optim.AdamW, written out:
// learning rate 0.1, weight decay 0.5, betas 0.5 and 0.75, epsilon 0, so that every figure is a short one.
TEST(AdamW, FollowsThePublishedUpdate) {
  auto parameters = one_weight_and_bias(1, 1);
  AdamW<double> optimizer(parameters,
                          {.learning_rate = 0.1, .weight_decay = 0.5, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 0});

  // m = 2, corrected 4; v = 4, corrected 16: the step is 0.1 * 4 / 4, after decay to 1 * (1 - 0.05).
  optimizer.step(parameters, one_weight_and_bias(4, 4));
  EXPECT_NEAR(parameters[0].weight(0, 0), 0.85, 1e-15);
  EXPECT_NEAR(parameters[0].bias[0], 0.9, 1e-15);

  // g = -1: m = 0.5 * 2 - 0.5 = 0.5, corrected by 1 - 0.25 to 2/3; v = 0.75 * 4 + 0.25 = 3.25, corrected by
  // 1 - 0.5625 to 7.428571...; the step is 0.1 * 0.666666.../2.725540... = 0.02446...
  optimizer.step(parameters, one_weight_and_bias(-1, -1));
  constexpr double second_step = 0.024459975;
  EXPECT_NEAR(parameters[0].weight(0, 0), 0.85 * 0.95 - second_step, 1e-8);
  EXPECT_NEAR(parameters[0].bias[0], 0.9 - second_step, 1e-8);
}

TEST(AdamW, AddsEpsilonAfterTheBiasCorrection) {
  auto parameters = one_weight_and_bias(0, 0);
  AdamW<double> optimizer(parameters, {.learning_rate = 1, .weight_decay = 0, .epsilon = 1});
  // Corrected moments after one step are g and g squared: 3 / (3 + 1).
  optimizer.step(parameters, one_weight_and_bias(3, 3));
  EXPECT_NEAR(parameters[0].weight(0, 0), -0.75, 1e-12);
}

TEST(AdamW, DecaysWeightsButNotBiasesWhenThereIsNoGradient) {
  auto parameters = one_weight_and_bias(2, 2);
  AdamW<double> optimizer(parameters, {.learning_rate = 0.1, .weight_decay = 1});
  optimizer.step(parameters, one_weight_and_bias(0, 0));
  EXPECT_NEAR(parameters[0].weight(0, 0), 1.8, 1e-12);
  EXPECT_EQ(parameters[0].bias[0], 2);
}

}  // namespace
}  // namespace w2s::nn
