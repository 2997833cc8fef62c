#include "nn/loss.h"

#include <gmock/gmock.h>

#include <cmath>

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

TEST(MeanSquaredError, IsTheMeanOverOutputs) {
  const Matrix<double> outputs{{1, 0}, {5, 0}};
  const Matrix<double> targets{{0, 0}, {2, 0}};
  EXPECT_DOUBLE_EQ(summed_loss<double>(Loss::mean_squared_error, outputs, targets), (1 + 9) / 2.0);
}

}  // namespace
}  // namespace w2s::nn
