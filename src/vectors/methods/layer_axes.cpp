#include "vectors/methods/layer_axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/parallel.h"
#include "w2s/base.h"
#include "w2s/vectors.h"

namespace w2s::methods {
namespace {

// Projections, relative to the differences' root mean square length, that may be rounding errors of float numbers.
constexpr double negligible = 1e-6;

Eigen::MatrixXd differences_at(const RepresentationSet& set, std::size_t layer) {
  using Samples = Eigen::Map<const Eigen::MatrixXf, Eigen::Unaligned, Eigen::OuterStride<>>;
  const Samples samples(set.differences.data() + layer * set.width, static_cast<Eigen::Index>(set.width),
                        static_cast<Eigen::Index>(set.samples),
                        Eigen::OuterStride<>(static_cast<Eigen::Index>(set.layers * set.width)));
  return samples.cast<double>();
}

Eigen::VectorXf mean_along_axis(const Eigen::MatrixXd& differences, AxisOf axis_of) {
  Eigen::VectorXf none = Eigen::VectorXf::Zero(differences.rows());
  if (differences.isZero(0)) return none;
  const Eigen::VectorXd axis = axis_of(differences);
  const double projection = axis.dot(differences.rowwise().mean());
  const double length = differences.norm() / std::sqrt(static_cast<double>(differences.cols()));
  if (std::abs(projection) <= negligible * length) return none;
  return (axis * projection).cast<float>();
}

}  // namespace

std::unique_ptr<VectorSource> fit_layer_axes(const MethodTraining& training, const MethodOptions& options,
                                             const Job& job, std::string_view stage, AxisOf axis_of) {
  const auto& set = training.train;
  std::vector<float> values(set.layers * set.width);
  run_parallel(
      {.stage = stage, .total = set.layers, .unit = "layers"}, thread_count(options.threads),
      [&](std::size_t /*worker*/, std::size_t layer) {
        const auto differences = differences_at(set, layer);
        if (!differences.allFinite()) {
          throw Error(ErrorKind::vectors,
                      fmt::format("the samples' differences at layer {} contain NaN or infinity", layer));
        }
        const auto vector = mean_along_axis(differences, axis_of);
        std::ranges::copy(vector, values.begin() + static_cast<std::ptrdiff_t>(layer * set.width));
      },
      job);
  return std::make_unique<ConstantSource>(training.info, std::move(values));
}

}  // namespace w2s::methods
