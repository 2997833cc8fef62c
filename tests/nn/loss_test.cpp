#include "nn/loss.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/random.h"

namespace w2s::nn {
namespace {

TEST(Softmax, MakesEachColumnADistributionAndIgnoresACommonOffset) {
  Matrix<double> columns{{0, 1000}, {std::log(3.0), 1000 + std::log(3.0)}};
  softmax<double>(columns);
  for (Index column = 0; column < 2; ++column) {
    EXPECT_NEAR(columns(0, column), 0.25, 1e-12);
    EXPECT_NEAR(columns(1, column), 0.75, 1e-12);
  }
}

TEST(CrossEntropy, IsMinusTheLogProbabilityOfTheClass) {
  const Matrix<double> outputs{{0, 0}, {std::log(3.0), 0}};
  const Matrix<double> targets{{0, 1}, {1, 0}};
  EXPECT_NEAR(summed_loss<double>(Loss::cross_entropy, outputs, targets), -std::log(0.75) - std::log(0.5), 1e-12);
}

TEST(CrossEntropy, StaysFiniteWhereTheProbabilityRoundsToZero) {
  const Matrix<float> outputs{{1000}, {-1000}};
  const Matrix<float> targets{{0}, {1}};
  EXPECT_FLOAT_EQ(static_cast<float>(summed_loss<float>(Loss::cross_entropy, outputs, targets)), 2000);
}

TEST(NegativeExpectedReward, IsMinusTheRewardThatIsExpectedUnderTheSoftmax) {
  const Matrix<double> outputs{{0, 0}, {std::log(3.0), 0}};
  const Matrix<double> rewards{{2, 1}, {6, -4}};
  EXPECT_NEAR(summed_loss<double>(Loss::negative_expected_reward, outputs, rewards), -(0.5 + 4.5) - (0.5 - 2), 1e-12);
}

TEST(NegativeExpectedReward, HasTheGradientOfCentralDifferences) {
  Random random(11);
  const auto normals = [&](Index rows, Index columns) {
    return Matrix<double>(Matrix<double>::NullaryExpr(rows, columns, [&] { return 2 * random.normal(); }));
  };
  constexpr Index samples = 4;
  Matrix<double> outputs = normals(5, samples);
  const Matrix<double> rewards = normals(5, samples);
  Matrix<double> gradient(5, samples);
  loss_gradient<double>(Loss::negative_expected_reward, outputs, rewards, gradient);
  const auto mean_loss = [&] {
    return summed_loss<double>(Loss::negative_expected_reward, outputs, rewards) / samples;
  };
  for (Index i = 0; i < outputs.size(); ++i) {
    constexpr double step = 1e-5;
    double& output = outputs.reshaped()[i];
    const double value = output;
    output = value + step;
    const double above = mean_loss();
    output = value - step;
    const double below = mean_loss();
    output = value;
    EXPECT_NEAR(gradient.reshaped()[i], (above - below) / (2 * step), 1e-9) << i;
  }
}

// By hand: the probabilities are 1/4 and 3/4, the expected reward 5, two samples alike.
TEST(NegativeExpectedReward, PushesTowardsWhatYieldsMoreThanExpected) {
  const Matrix<double> outputs{{0, 0}, {std::log(3.0), std::log(3.0)}};
  const Matrix<double> rewards{{2, 2}, {6, 6}};
  Matrix<double> gradient(2, 2);
  loss_gradient<double>(Loss::negative_expected_reward, outputs, rewards, gradient);
  EXPECT_NEAR(gradient(0, 1), 0.25 * 3 / 2, 1e-12);
  EXPECT_NEAR(gradient(1, 1), -0.75 / 2, 1e-12);
}

// What a sample yields wherever it is steered is a baseline.
TEST(NegativeExpectedReward, HasAGradientThatNoBaselineChanges) {
  const Matrix<double> outputs{{0.5}, {-1}, {2}};
  const Matrix<double> rewards{{1}, {4}, {2}};
  Matrix<double> gradient(3, 1);
  Matrix<double> shifted(3, 1);
  loss_gradient<double>(Loss::negative_expected_reward, outputs, rewards, gradient);
  loss_gradient<double>(Loss::negative_expected_reward, outputs, (rewards.array() + 7).matrix(), shifted);
  EXPECT_TRUE(gradient.isApprox(shifted, 1e-12));
  EXPECT_NEAR(gradient.sum(), 0, 1e-12);
}

TEST(MeanSquaredError, IsTheMeanOverOutputs) {
  const Matrix<double> outputs{{1, 0}, {5, 0}};
  const Matrix<double> targets{{0, 0}, {2, 0}};
  EXPECT_DOUBLE_EQ(summed_loss<double>(Loss::mean_squared_error, outputs, targets), (1 + 9) / 2.0);
}

}  // namespace
}  // namespace w2s::nn
