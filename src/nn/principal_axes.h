// Centring points and rotating them onto their principal axes: no information is lost, and there are never more axes
// than points, however wide the points are.
#pragma once

#include <Eigen/Core>

namespace w2s::nn {

struct PrincipalAxes {
  Eigen::VectorXf mean;        ///< [width]
  Eigen::MatrixXd projection;  ///< [axes][width]: orthonormal rows, most variance first, times one common scale

  /// [axes][points] of points [width][points]. The scale makes the coordinates' variance 1 on average over the points
  /// the axes were fitted to: coordinates of unit vectors are about 1/sqrt(width), which makes learning slow.
  [[nodiscard]] Eigen::MatrixXf project(const Eigen::MatrixXd& points) const;
};

/// Axes of points [width][points], at least one of each; those along which the points do not vary are left out. Points
/// that are all equal have one axis, on which they are 0. Costs O(min(width, points)^3).
[[nodiscard]] PrincipalAxes principal_axes(const Eigen::MatrixXd& points);

}  // namespace w2s::nn
