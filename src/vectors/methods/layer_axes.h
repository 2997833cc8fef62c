// What methods share that choose one axis for each layer: its sign and its length come from the mean difference.
#pragma once

#include <Eigen/Core>
#include <memory>
#include <string_view>

#include "w2s/vectors.h"

namespace w2s::methods {

/// A unit vector for one layer's differences [width][samples], which are not all zero; its sign does not matter. Zeros
/// where there is none.
using AxisOf = Eigen::VectorXd (*)(const Eigen::MatrixXd& differences);

/// Each layer's vector is the mean difference's projection onto the layer's axis: multiplier 1 moves along the axis as
/// far as the mean difference does, so that multipliers compare with CAA's. Zeros where the projection is no longer
/// than rounding errors, for then the axis has no sign. Layers are fitted side by side. Throws Error{vectors} for
/// differences that are not finite.
[[nodiscard]] std::unique_ptr<VectorSource> fit_layer_axes(const MethodTraining& training, const MethodOptions& options,
                                                           const Job& job, std::string_view stage, AxisOf axis_of);

}  // namespace w2s::methods
