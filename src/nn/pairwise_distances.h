// Euclidean distances between all points of a set, without the matrix of them all in memory.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace w2s::nn {

/// The number of points [points][width]. Throws Error{data} if the values are no whole number of points, or not finite.
[[nodiscard]] std::size_t point_count(std::span<const float> points, std::size_t width);

/// Calls visit(i, first, distances) with the distances from point i to the points first, first + 1, ..., all of them
/// after i, until each pair has come once; always in the same order. Distances are computed in double precision from
/// matrix products; those of points nearly at one place from their differences, so that equal points are at distance 0.
/// Costs O(points^2 width) time and O(points + width) memory. Throws as point_count.
void for_each_distance(
    std::span<const float> points, std::size_t width,
    const std::function<void(std::size_t i, std::size_t first, std::span<const double> distances)>& visit);

}  // namespace w2s::nn
