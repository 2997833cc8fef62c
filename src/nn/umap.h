// A picture of points of many dimensions in the plane.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace w2s {

struct UmapOptions {
  std::size_t neighbors = 15;  ///< of a point, itself not counted, that shape the picture; all where there are fewer
  double min_dist = 0.1;       ///< between points of the picture, as a rule: 0 to 1
  std::size_t epochs = 500;    ///< of the optimisation
  std::uint64_t seed = 0;
};

/// Uniform manifold approximation and projection (McInnes et al. 2018) of points [points][width] into the plane, by
/// their exact nearest neighbours in Euclidean distance. The same seed gives the same coordinates. Costs
/// O(points^2 width) for the neighbours and O(points neighbors epochs) for the rest. One point lies at 0.
/// Throws Error{data} if the values are no whole number of points or not finite, Error{usage} for an option that is out
/// of range.
[[nodiscard]] std::vector<std::array<double, 2>> umap(std::span<const float> points, std::size_t width,
                                                      const UmapOptions& options = {});

}  // namespace w2s
