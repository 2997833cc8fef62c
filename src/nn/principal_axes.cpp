#include "nn/principal_axes.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace w2s::nn {
namespace {

// Variances, relative to the largest, under which an axis holds rounding errors of the float embeddings.
constexpr double negligible = 1e-10;

struct Axes {
  Eigen::MatrixXd directions;  // [width][axes]
  double variance = 0;         // of all of them together, summed over points
};

Axes significant_axes(const Eigen::VectorXd& ascending, const Eigen::MatrixXd& vectors) {
  const Eigen::Index size = ascending.size();
  const double largest = ascending[size - 1];
  if (!(largest > 0)) return {Eigen::MatrixXd(vectors.rows(), 0), 0};
  const auto first =
      std::find_if(ascending.begin(), ascending.end(), [&](double v) { return v > negligible * largest; });
  const Eigen::Index axes = ascending.end() - first;
  return {vectors.rightCols(axes).rowwise().reverse(), ascending.tail(axes).sum()};
}

// The eigenvectors of the scatter matrix, or, where there are fewer points than dimensions, those of the Gram matrix,
// which has the same eigenvalues but for zeros.
Axes axes_of_centred(const Eigen::MatrixXd& centred) {
  const bool wide = centred.rows() > centred.cols();
  Eigen::MatrixXd products =
      Eigen::MatrixXd::Zero(std::min(centred.rows(), centred.cols()), std::min(centred.rows(), centred.cols()));
  if (wide) {
    products.selfadjointView<Eigen::Lower>().rankUpdate(centred.transpose());
  } else {
    products.selfadjointView<Eigen::Lower>().rankUpdate(centred);
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(products);
  Axes axes = significant_axes(solver.eigenvalues(), solver.eigenvectors());
  if (wide) {
    axes.directions = (centred * axes.directions).eval();
    axes.directions.colwise().normalize();
  }
  return axes;
}

}  // namespace

Eigen::MatrixXf PrincipalAxes::project(const Eigen::MatrixXd& points) const {
  return (projection * (points.colwise() - mean.cast<double>())).cast<float>();
}

PrincipalAxes principal_axes(const Eigen::MatrixXd& points) {
  const Eigen::VectorXd mean = points.rowwise().mean();
  const Axes axes = axes_of_centred(points.colwise() - mean);
  const Eigen::Index count = axes.directions.cols();
  if (count == 0) return {mean.cast<float>(), Eigen::MatrixXd::Zero(1, points.rows())};
  const double scale = std::sqrt(static_cast<double>(count * points.cols()) / axes.variance);
  return {mean.cast<float>(), axes.directions.transpose() * scale};
}

}  // namespace w2s::nn
