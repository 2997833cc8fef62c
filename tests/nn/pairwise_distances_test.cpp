#include "nn/pairwise_distances.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace w2s::nn {
namespace {

using Distances = std::vector<std::vector<double>>;  // [point][point], 0 where none was visited

std::vector<float> random_points(std::size_t values, double place, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> points(values);
  for (float& value : points) value = static_cast<float>(place + random.normal());
  return points;
}

Distances visited(std::span<const float> points, std::size_t width, std::size_t count) {
  Distances result(count, std::vector<double>(count));
  std::vector<std::vector<int>> visits(count, std::vector<int>(count));
  for_each_distance(points, width, [&](std::size_t i, std::size_t first, std::span<const double> distances) {
    for (std::size_t j = 0; j < distances.size(); ++j) {
      result.at(i).at(first + j) = distances[j];
      ++visits.at(i).at(first + j);
    }
  });
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) EXPECT_EQ(visits[i][j], i < j ? 1 : 0) << i << ", " << j;
  }
  return result;
}

double distance(std::span<const float> points, std::size_t width, std::size_t i, std::size_t j) {
  double square = 0;
  for (std::size_t d = 0; d < width; ++d) {
    const double difference = static_cast<double>(points[i * width + d]) - static_cast<double>(points[j * width + d]);
    square += difference * difference;
  }
  return std::sqrt(square);
}

class PairwiseDistances : public ::testing::TestWithParam<std::size_t> {};

TEST_P(PairwiseDistances, ComeOnceForEachPair) {
  const std::size_t count = GetParam();
  const std::vector<float> points = random_points(3 * count, 1000, count);
  const Distances distances = visited(points, 3, count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i + 1; j < count; ++j) EXPECT_NEAR(distances[i][j], distance(points, 3, i, j), 1e-9);
  }
}

INSTANTIATE_TEST_SUITE_P(OfPointsInOneBlockOrSeveral, PairwiseDistances, ::testing::Values(0, 1, 2, 5, 256, 257, 600));

TEST(PairwiseDistances, OfPointsNearlyAtOnePlaceAreExact) {
  std::vector<float> points = random_points(40, 0, 7);
  points.insert(points.end(), points.begin(), points.begin() + 20);
  points[40] += 0x1p-20F;
  const Distances distances = visited(points, 10, 6);
  EXPECT_EQ(distances[1][5], 0);
  EXPECT_DOUBLE_EQ(distances[0][4], distance(points, 10, 0, 4));
  EXPECT_GT(distances[0][4], 0);
}

}  // namespace
}  // namespace w2s::nn
