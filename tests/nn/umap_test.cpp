#include "nn/umap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/random.h"
#include "nn/silhouette.h"
#include "support/error_of.h"

namespace w2s {
namespace {

using Plane = std::vector<std::array<double, 2>>;

struct Clusters {
  std::size_t width = 20;
  std::vector<float> points;
  std::vector<std::size_t> labels;
};

Clusters clusters_at_distance(double distance, std::size_t count, std::size_t points_each) {
  Random random(11);
  Clusters clusters;
  for (std::size_t label = 0; label < count; ++label) {
    for (std::size_t i = 0; i < points_each; ++i) {
      clusters.labels.push_back(label);
      for (std::size_t d = 0; d < clusters.width; ++d) {
        clusters.points.push_back(static_cast<float>(random.normal() + (d == label ? distance : 0)));
      }
    }
  }
  return clusters;
}

double silhouette_in(const Plane& plane, const std::vector<std::size_t>& labels) {
  std::vector<float> coordinates;
  for (const auto& [x, y] : plane) {
    coordinates.push_back(static_cast<float>(x));
    coordinates.push_back(static_cast<float>(y));
  }
  return silhouette(coordinates, 2, labels);
}

bool all_finite(const Plane& plane) {
  return std::all_of(plane.begin(), plane.end(), [](const std::array<double, 2>& point) {
    return std::isfinite(point[0]) && std::isfinite(point[1]);
  });
}

double mean_distance_to_nearest(const Plane& plane) {
  double sum = 0;
  for (const auto& point : plane) {
    double nearest = std::numeric_limits<double>::infinity();
    for (const auto& other : plane) {
      if (&other != &point) nearest = std::min(nearest, std::hypot(point[0] - other[0], point[1] - other[1]));
    }
    sum += nearest;
  }
  return sum / static_cast<double>(plane.size());
}

TEST(Umap, KeepsClustersApartWhoseNeighborhoodsAreDisjoint) {
  const Clusters clusters = clusters_at_distance(30, 5, 40);
  EXPECT_GT(silhouette_in(umap(clusters.points, clusters.width), clusters.labels), 0.8);
}

TEST(Umap, KeepsClustersApartThatNeighborhoodsConnect) {
  const Clusters clusters = clusters_at_distance(6, 5, 12);
  EXPECT_GT(silhouette_in(umap(clusters.points, clusters.width), clusters.labels), 0.5);
}

TEST(Umap, UnrollsACurve) {
  constexpr std::size_t count = 120;
  std::vector<float> spiral;
  std::vector<std::size_t> halves;
  for (std::size_t i = 0; i < count; ++i) {
    const double angle = 0.15 * static_cast<double>(i);
    spiral.push_back(static_cast<float>(angle * std::cos(angle)));
    spiral.push_back(static_cast<float>(angle * std::sin(angle)));
    halves.push_back(i < count / 2 ? 0 : 1);
  }
  ASSERT_LT(silhouette(spiral, 2, halves), 0.2) << "one half of the spiral lies around the other";
  EXPECT_GT(silhouette_in(umap(spiral, 2, {.neighbors = 4}), halves), 0.4);
}

TEST(Umap, GivesTheSameCoordinatesForTheSameSeed) {
  const Clusters clusters = clusters_at_distance(6, 3, 20);
  const Plane plane = umap(clusters.points, clusters.width, {.epochs = 50, .seed = 1});
  EXPECT_EQ(umap(clusters.points, clusters.width, {.epochs = 50, .seed = 1}), plane);
  EXPECT_NE(umap(clusters.points, clusters.width, {.epochs = 50, .seed = 2}), plane);
}

TEST(Umap, SpreadsPointsFurtherForALargerMinimumDistance) {
  const Clusters clusters = clusters_at_distance(6, 2, 40);
  const Plane tight = umap(clusters.points, clusters.width, {.min_dist = 0});
  const Plane loose = umap(clusters.points, clusters.width, {.min_dist = 0.9});
  EXPECT_GT(mean_distance_to_nearest(loose), 2 * mean_distance_to_nearest(tight));
}

TEST(Umap, OfNoPointIsEmptyAndOfOnePointZero) {
  EXPECT_TRUE(umap({}, 3).empty());
  EXPECT_EQ(umap(std::vector<float>{1, 2, 3}, 3), (Plane{{0, 0}}));
}

TEST(Umap, PlacesAnyNumberOfPointsApart) {
  for (std::size_t count = 2; count < 25; ++count) {
    const Clusters clusters = clusters_at_distance(1, 1, count);
    for (const std::size_t neighbors : {1U, 2U, 15U, 1000U}) {
      const Plane plane = umap(clusters.points, clusters.width, {.neighbors = neighbors, .epochs = 20});
      EXPECT_TRUE(all_finite(plane));
      EXPECT_EQ(std::set(plane.begin(), plane.end()).size(), count) << neighbors << " neighbours";
    }
  }
}

TEST(Umap, PlacesEqualPoints) {
  for (const std::size_t count : {2U, 3U, 4U, 16U, 50U}) {
    const Plane plane = umap(std::vector<float>(3 * count, 0.3F), 3, {.epochs = 20});
    EXPECT_EQ(plane.size(), count);
    EXPECT_TRUE(all_finite(plane));
  }
}

TEST(Umap, PlacesPointsWithTheLargestCoordinatesThereAre) {
  constexpr float huge = std::numeric_limits<float>::max();
  const Plane plane = umap(std::vector<float>{huge, -huge, -huge, huge, huge, huge, 0, 0, 1, 0}, 2, {.epochs = 20});
  EXPECT_EQ(plane.size(), 5);
  EXPECT_TRUE(all_finite(plane));
}

TEST(Umap, RefusesOptionsOutOfRange) {
  const std::vector<float> points = {0, 1, 2, 3};
  EXPECT_EQ(test::message_of(ErrorKind::usage, [&] { return umap(points, 1, {.neighbors = 0}); }),
            "UMAP: give at least one neighbour");
  EXPECT_EQ(test::message_of(ErrorKind::usage, [&] { return umap(points, 1, {.epochs = 0}); }),
            "UMAP: 0 epochs, give 1 to 100000");
  EXPECT_EQ(test::error_of([&] { return umap(points, 1, {.epochs = 100001}); }).kind(), ErrorKind::usage);
  for (const double min_dist : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(test::error_of([&] { return umap(points, 1, {.min_dist = min_dist}); }).kind(), ErrorKind::usage);
  }
}

TEST(Umap, RefusesPointsItCannotUse) {
  EXPECT_EQ(test::message_of(ErrorKind::data, [] { return umap(std::vector<float>{1, 2, 3}, 2); }),
            "3 values are no whole number of points of width 2");
  const std::vector<float> bad = {1, std::numeric_limits<float>::infinity(), 3};
  EXPECT_EQ(test::message_of(ErrorKind::data, [&] { return umap(bad, 1); }),
            "point 1 has a coordinate that is not a finite number");
}

}  // namespace
}  // namespace w2s
