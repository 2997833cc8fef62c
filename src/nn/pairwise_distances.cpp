#include "nn/pairwise_distances.h"

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "w2s/base.h"

namespace w2s::nn {
namespace {

// Points in a block: enough for a matrix product at full speed, few enough for a block to be small.
constexpr Eigen::Index block_points = 256;

// Where |a|^2 + |b|^2 - 2ab is less than this share of |a|^2 + |b|^2, cancellation has cost it too many digits, and the
// squares of the differences are summed instead.
constexpr double cancelled = 1e-6;

using Points = Eigen::Map<const Eigen::MatrixXf>;

// The points of a block less the mean of all: distances stay, and products become as small as they can be.
Eigen::MatrixXd centred_block(const Points& points, const Eigen::VectorXd& mean, Eigen::Index first) {
  const Eigen::Index count = std::min(block_points, points.cols() - first);
  return points.middleCols(first, count).cast<double>().colwise() - mean;
}

// [b][a]: the distances of a point of `a` are a column.
Eigen::MatrixXd distances_between(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  const Eigen::VectorXd a_norms = a.colwise().squaredNorm();
  const Eigen::VectorXd b_norms = b.colwise().squaredNorm();
  Eigen::MatrixXd distances = b.transpose() * a;
  for (Eigen::Index i = 0; i < distances.cols(); ++i) {
    for (Eigen::Index j = 0; j < distances.rows(); ++j) {
      const double norms = a_norms[i] + b_norms[j];
      const double square = norms - 2 * distances(j, i);
      distances(j, i) = std::sqrt(square > cancelled * norms ? square : (a.col(i) - b.col(j)).squaredNorm());
    }
  }
  return distances;
}

}  // namespace

std::size_t point_count(std::span<const float> points, std::size_t width) {
  if (points.empty()) return 0;
  if (width == 0 || points.size() % width != 0) {
    throw Error(ErrorKind::data,
                fmt::format("{} values are no whole number of points of width {}", points.size(), width));
  }
  const auto bad = std::find_if(points.begin(), points.end(), [](float value) { return !std::isfinite(value); });
  if (bad != points.end()) {
    throw Error(ErrorKind::data, fmt::format("point {} has a coordinate that is not a finite number",
                                             static_cast<std::size_t>(bad - points.begin()) / width));
  }
  return points.size() / width;
}

void for_each_distance(
    std::span<const float> points, std::size_t width,
    const std::function<void(std::size_t i, std::size_t first, std::span<const double> distances)>& visit) {
  const auto count = static_cast<Eigen::Index>(point_count(points, width));
  if (count < 2) return;
  const Points columns(points.data(), static_cast<Eigen::Index>(width), count);
  const Eigen::VectorXd mean = columns.cast<double>().rowwise().mean();
  for (Eigen::Index a = 0; a < count; a += block_points) {
    const Eigen::MatrixXd block = centred_block(columns, mean, a);
    for (Eigen::Index b = a; b < count; b += block_points) {
      const Eigen::MatrixXd distances = distances_between(block, centred_block(columns, mean, b));
      for (Eigen::Index i = 0; i < distances.cols(); ++i) {
        const Eigen::Index skipped = a == b ? i + 1 : 0;
        if (skipped == distances.rows()) continue;
        visit(static_cast<std::size_t>(a + i), static_cast<std::size_t>(b + skipped),
              {distances.col(i).data() + skipped, static_cast<std::size_t>(distances.rows() - skipped)});
      }
    }
  }
}

}  // namespace w2s::nn
