#include "nn/silhouette.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "nn/pairwise_distances.h"
#include "w2s/base.h"

namespace w2s {
namespace {

// Labels as 0, 1, 2, ...
struct Clusters {
  std::vector<std::size_t> of_point;
  std::vector<std::size_t> sizes;
};

Clusters clusters_of(std::span<const std::size_t> labels) {
  std::vector<std::size_t> names(labels.begin(), labels.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  Clusters clusters{{}, std::vector<std::size_t>(names.size())};
  for (const std::size_t label : labels) {
    const auto place = std::lower_bound(names.begin(), names.end(), label) - names.begin();
    clusters.of_point.push_back(static_cast<std::size_t>(place));
    ++clusters.sizes[clusters.of_point.back()];
  }
  return clusters;
}

// [points][clusters]: a point's distances to a cluster's points, summed.
std::vector<double> summed_distances(std::span<const float> points, std::size_t width, const Clusters& clusters) {
  const std::size_t count = clusters.sizes.size();
  std::vector<double> sums(clusters.of_point.size() * count);
  nn::for_each_distance(points, width, [&](std::size_t i, std::size_t first, std::span<const double> distances) {
    for (std::size_t j = 0; j < distances.size(); ++j) {
      sums[i * count + clusters.of_point[first + j]] += distances[j];
      sums[(first + j) * count + clusters.of_point[i]] += distances[j];
    }
  });
  return sums;
}

double silhouette_of_point(std::size_t own, std::span<const double> sums, std::span<const std::size_t> sizes) {
  if (sizes[own] == 1) return 0;
  const double within = sums[own] / static_cast<double>(sizes[own] - 1);
  double nearest = std::numeric_limits<double>::infinity();
  for (std::size_t cluster = 0; cluster < sizes.size(); ++cluster) {
    if (cluster != own) nearest = std::min(nearest, sums[cluster] / static_cast<double>(sizes[cluster]));
  }
  const double larger = std::max(within, nearest);
  return larger > 0 ? (nearest - within) / larger : 0;
}

}  // namespace

double silhouette(std::span<const float> points, std::size_t width, std::span<const std::size_t> labels) {
  const std::size_t count = nn::point_count(points, width);
  if (labels.size() != count) {
    throw Error(ErrorKind::data, fmt::format("silhouette: {} labels for {} points", labels.size(), count));
  }
  const Clusters clusters = clusters_of(labels);
  if (clusters.sizes.size() < 2) {
    throw Error(ErrorKind::data, "silhouette: the points have fewer than two labels; there is nothing to tell apart");
  }
  const std::vector<double> sums = summed_distances(points, width, clusters);
  const std::size_t cluster_count = clusters.sizes.size();
  double total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    total += silhouette_of_point(clusters.of_point[i], std::span(sums).subspan(i * cluster_count, cluster_count),
                                 clusters.sizes);
  }
  return total / static_cast<double>(count);
}

}  // namespace w2s
