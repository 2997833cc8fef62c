#include "nn/umap.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "nn/pairwise_distances.h"
#include "nn/umappp_with_eigen.h"
#include "w2s/base.h"

namespace w2s {
namespace {

// umappp counts in int.
constexpr std::size_t max_epochs = 100'000;

// Below, the graph has no two further eigenvectors to start from.
constexpr std::size_t min_points_of_spectrum = 3;

using Neighbors = std::vector<std::pair<int, double>>;  // index and distance, nearest first

void check_options(const UmapOptions& options) {
  if (options.neighbors == 0) throw Error(ErrorKind::usage, "UMAP: give at least one neighbour");
  if (!(options.min_dist >= 0 && options.min_dist <= 1)) {
    throw Error(ErrorKind::usage,
                fmt::format("UMAP: the minimum distance is {}, give one from 0 to 1", options.min_dist));
  }
  if (options.epochs == 0 || options.epochs > max_epochs) {
    throw Error(ErrorKind::usage, fmt::format("UMAP: {} epochs, give 1 to {}", options.epochs, max_epochs));
  }
}

// The nearest points seen so far, the farthest of them first. Of two at the same distance the lower index is nearer, so
// that the order of visits does not matter.
class NearestPoints {
 public:
  void offer(std::size_t wanted, double distance, std::size_t index) {
    const std::pair candidate(distance, static_cast<int>(index));
    if (heap_.size() == wanted) {
      if (heap_.front() <= candidate) return;
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    heap_.push_back(candidate);
    std::push_heap(heap_.begin(), heap_.end());
  }

  [[nodiscard]] Neighbors sorted() && {
    std::sort_heap(heap_.begin(), heap_.end());
    Neighbors neighbors;
    neighbors.reserve(heap_.size());
    for (const auto& [distance, index] : heap_) neighbors.emplace_back(index, distance);
    return neighbors;
  }

 private:
  std::vector<std::pair<double, int>> heap_;
};

std::vector<Neighbors> nearest_neighbors(std::span<const float> points, std::size_t width, std::size_t count,
                                         std::size_t wanted) {
  std::vector<NearestPoints> nearest(count);
  nn::for_each_distance(points, width, [&](std::size_t i, std::size_t first, std::span<const double> distances) {
    for (std::size_t j = 0; j < distances.size(); ++j) {
      nearest[i].offer(wanted, distances[j], first + j);
      nearest[first + j].offer(wanted, distances[j], i);
    }
  });
  std::vector<Neighbors> neighbors;
  neighbors.reserve(count);
  for (NearestPoints& of_point : nearest) neighbors.push_back(std::move(of_point).sorted());
  return neighbors;
}

umappp::Options umappp_options(const UmapOptions& options) {
  umappp::Options translated;
  translated.min_dist = options.min_dist;
  translated.num_epochs = static_cast<int>(options.epochs);
  translated.initialize_seed = Random::stream(options.seed, 0).next();
  translated.optimize_seed = Random::stream(options.seed, 1).next();
  return translated;
}

}  // namespace

std::vector<std::array<double, 2>> umap(std::span<const float> points, std::size_t width, const UmapOptions& options) {
  check_options(options);
  const std::size_t count = nn::point_count(points, width);
  std::vector<double> plane(2 * count);
  if (count > 1) {
    umappp::Options settings = umappp_options(options);
    if (count < min_points_of_spectrum) settings.initialize_method = umappp::InitializeMethod::RANDOM;
    umappp::initialize<int, double>(nearest_neighbors(points, width, count, options.neighbors), 2, plane.data(),
                                    settings)
        .run(plane.data());
  }
  std::vector<std::array<double, 2>> coordinates(count);
  for (std::size_t i = 0; i < count; ++i) coordinates[i] = {plane[2 * i], plane[2 * i + 1]};
  return coordinates;
}

}  // namespace w2s
