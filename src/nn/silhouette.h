// How well points that carry labels form clusters.
#pragma once

#include <cstddef>
#include <span>

namespace w2s {

/// The mean over points [points][width] of the silhouette (b - a) / max(a, b), by Euclidean distance: a is the mean
/// distance to the other points of the point's label, b that to the points of the nearest other label (Rousseeuw 1987;
/// scikit-learn's silhouette_score). 1: labels are tight and far apart, 0: they touch, -1: points lie within another
/// label. A point alone with its label counts 0. Costs O(points^2 width).
/// Throws Error{data} if the shapes don't match, a coordinate is not finite, or there are fewer than two labels.
[[nodiscard]] double silhouette(std::span<const float> points, std::size_t width, std::span<const std::size_t> labels);

}  // namespace w2s
