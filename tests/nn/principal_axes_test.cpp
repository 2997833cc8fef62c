#include "nn/principal_axes.h"

#include <gmock/gmock.h>

#include "base/random.h"

namespace w2s::nn {
namespace {

Eigen::MatrixXd random_points(Eigen::Index width, Eigen::Index points, std::uint64_t seed) {
  Random random(seed);
  Eigen::MatrixXd matrix(width, points);
  for (double& value : matrix.reshaped()) value = 3 + random.normal();
  return matrix;
}

class PrincipalAxesOfPoints : public ::testing::TestWithParam<std::pair<Eigen::Index, Eigen::Index>> {};

TEST_P(PrincipalAxesOfPoints, KeepAllDistancesUpToOneScale) {
  const auto [width, count] = GetParam();
  const Eigen::MatrixXd points = random_points(width, count, 1);
  const Eigen::MatrixXd projected = principal_axes(points).project(points).cast<double>();
  const double scale = (projected.col(0) - projected.col(1)).norm() / (points.col(0) - points.col(1)).norm();
  for (Eigen::Index i = 2; i < count; ++i) {
    EXPECT_NEAR((projected.col(0) - projected.col(i)).norm(), scale * (points.col(0) - points.col(i)).norm(), 1e-3);
  }
}

TEST_P(PrincipalAxesOfPoints, AreUncorrelatedCentredAndOfUnitVarianceOnAverage) {
  const auto [width, count] = GetParam();
  const Eigen::MatrixXd points = random_points(width, count, 2);
  const Eigen::MatrixXd projected = principal_axes(points).project(points).cast<double>();
  EXPECT_EQ(projected.rows(), std::min(width, count - 1)) << "n centred points span n - 1 dimensions";
  EXPECT_TRUE(projected.rowwise().mean().isZero(1e-4));
  const Eigen::MatrixXd covariance = projected * projected.transpose() / static_cast<double>(count);
  EXPECT_NEAR(covariance.trace(), static_cast<double>(projected.rows()), 1e-3);
  EXPECT_TRUE(covariance.isDiagonal(1e-4));
  for (Eigen::Index i = 1; i < covariance.rows(); ++i) EXPECT_GE(covariance(i - 1, i - 1), covariance(i, i) - 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PrincipalAxesOfPoints,
                         ::testing::Values(std::pair(5, 40), std::pair(40, 5), std::pair(12, 12), std::pair(1, 3)));

TEST(PrincipalAxes, LeaveOutDimensionsWithoutVariance) {
  Eigen::MatrixXd points = random_points(6, 30, 3);
  points.row(2) = points.row(1);
  points.row(4).setConstant(7);
  EXPECT_EQ(principal_axes(points).projection.rows(), 4);
}

TEST(PrincipalAxes, OfEqualPointsAreOneAxisOfZeros) {
  const Eigen::MatrixXd points = Eigen::MatrixXd::Constant(4, 3, 0.5);
  const auto projected = principal_axes(points).project(points);
  EXPECT_EQ(projected.rows(), 1);
  EXPECT_TRUE(projected.isZero(0));
}

}  // namespace
}  // namespace w2s::nn
