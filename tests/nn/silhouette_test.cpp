#include "nn/silhouette.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/random.h"
#include "support/error_of.h"

namespace w2s {
namespace {

using Labels = std::vector<std::size_t>;

const std::vector<float> eight_points = {0, 0, 1, 0, 0, 2, 5, 5, 6, 5.5, 4.5, 7, -3, 4, 2, 2.5};
const Labels eight_labels = {7, 7, 7, 2, 2, 2, 40, 7};

// Expected values: the formula in NumPy, from the full matrix of distances.
TEST(Silhouette, IsRousseeuws) { EXPECT_NEAR(silhouette(eight_points, 2, eight_labels), 0.535115963884677, 1e-12); }

TEST(Silhouette, OfMorePointsThanABlockHasIsRousseeuws) {
  constexpr std::size_t points = 700;
  constexpr std::size_t width = 5;
  std::vector<float> values;
  Labels labels;
  for (std::size_t i = 0; i < points; ++i) {
    for (std::size_t d = 0; d < width; ++d) {
      const std::size_t steps = (i * (2 * d + 3) + d * d) % 17;
      values.push_back(0.25F * static_cast<float>(steps) + 1.5F * static_cast<float>(i % 4));
    }
    labels.push_back(i % 8 == 3 ? 2 : i % 4);
  }
  labels[10] = 9;
  EXPECT_NEAR(silhouette(values, width, labels), 0.05052035379361225, 1e-12);
}

TEST(Silhouette, DependsOnNeitherThePlaceNorTheScaleNorTheNamesOfLabels) {
  std::vector<float> moved = eight_points;
  for (float& value : moved) value = 8 * value + 65536;
  Labels renamed = eight_labels;
  for (std::size_t& label : renamed) label = 100 - label;
  EXPECT_NEAR(silhouette(moved, 2, renamed), silhouette(eight_points, 2, eight_labels), 1e-9);
}

TEST(Silhouette, IsNearOneForClustersFarApartAndNegativeForMixedUpLabels) {
  Random random(3);
  std::vector<float> points;
  Labels labels;
  Labels mixed_up;
  for (std::size_t i = 0; i < 60; ++i) {
    labels.push_back(i / 20);
    mixed_up.push_back(i % 3);
    for (std::size_t d = 0; d < 4; ++d) {
      points.push_back(static_cast<float>(random.normal() + (labels.back() == d ? 1000 : 0)));
    }
  }
  EXPECT_GT(silhouette(points, 4, labels), 0.99);
  EXPECT_LT(silhouette(points, 4, mixed_up), 0);
}

TEST(Silhouette, OfPointsAloneWithTheirLabelsIsZero) { EXPECT_EQ(silhouette(eight_points, 8, Labels{3, 4}), 0); }

TEST(Silhouette, OfEqualPointsIsZero) { EXPECT_EQ(silhouette(std::vector<float>(12, 0.3F), 3, Labels{0, 0, 1, 1}), 0); }

TEST(Silhouette, RefusesShapesThatDoNotMatch) {
  EXPECT_EQ(test::message_of(ErrorKind::data, [] { return silhouette(eight_points, 2, Labels{1, 2}); }),
            "silhouette: 2 labels for 8 points");
  EXPECT_EQ(test::message_of(ErrorKind::data, [] { return silhouette(eight_points, 3, eight_labels); }),
            "16 values are no whole number of points of width 3");
  EXPECT_EQ(test::message_of(ErrorKind::data, [] { return silhouette(eight_points, 0, eight_labels); }),
            "16 values are no whole number of points of width 0");
}

TEST(Silhouette, RefusesFewerThanTwoLabels) {
  for (const auto& action :
       {+[] { return silhouette(eight_points, 2, Labels(8, 5)); }, +[] { return silhouette({}, 2, {}); }}) {
    EXPECT_EQ(test::message_of(ErrorKind::data, action),
              "silhouette: the points have fewer than two labels; there is nothing to tell apart");
  }
}

TEST(Silhouette, RefusesCoordinatesThatAreNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    std::vector<float> points = eight_points;
    points[7] = bad;
    EXPECT_EQ(test::message_of(ErrorKind::data, [&] { return silhouette(points, 2, eight_labels); }),
              "point 3 has a coordinate that is not a finite number");
  }
}

}  // namespace
}  // namespace w2s
