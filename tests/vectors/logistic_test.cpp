#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "support/error_of.h"
#include "vectors/synthetic_representations.h"
#include "w2s/vectors.h"

namespace w2s {
namespace {

using test::constant_vector;
using test::one_layer;
using test::random_representations;
using test::training_of;
using testing::Each;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

using Point = std::vector<double>;

std::unique_ptr<VectorSource> fit(RepresentationSet set, const MethodOptions& options = {}) {
  return fit_method(steering_method("logistic"), training_of(std::move(set)), options);
}

std::vector<float> fit_one_layer(const std::vector<std::vector<float>>& differences) {
  return constant_vector(*fit(one_layer(differences)));
}

double dot(const Point& a, const Point& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Point scaled(Point point, double factor) {
  for (auto& value : point) value *= factor;
  return point;
}

// The differences of one layer, so scaled that the mean of their squared lengths is 1.
std::vector<Point> features(const RepresentationSet& set, std::size_t layer) {
  std::vector<Point> points;
  double squares = 0;
  for (std::size_t sample = 0; sample < set.samples; ++sample) {
    const auto row = set.difference(sample, layer);
    points.emplace_back(row.begin(), row.end());
    squares += dot(points.back(), points.back());
  }
  for (auto& point : points) point = scaled(point, std::sqrt(static_cast<double>(set.samples) / squares));
  return points;
}

// Of |w|^2 / 2 + the cross entropy of every point as label 1 and of its negative as label 0.
Point gradient(const std::vector<Point>& points, const Point& w) {
  Point sum = w;
  for (const auto& point : points) {
    const double probability = 1 / (1 + std::exp(-dot(w, point)));
    const double opposite = 1 / (1 + std::exp(dot(w, point)));
    for (std::size_t i = 0; i < w.size(); ++i) sum[i] += (probability - 1) * point[i] + (opposite - 0) * -point[i];
  }
  return sum;
}

// The length at which the loss is least along a direction: where the slope changes its sign.
double best_length(const std::vector<Point>& points, const Point& direction) {
  double low = 0;
  double high = 1000;
  for (int step = 0; step < 200; ++step) {
    const double middle = (low + high) / 2;
    (dot(gradient(points, scaled(direction, middle)), direction) < 0 ? low : high) = middle;
  }
  return low;
}

TEST(Logistic, GradientIsZeroAtTheSolutionHoweverManySamplesThereAre) {
  for (const std::size_t samples : {1U, 3U, 8U, 30U, 100U}) {
    const auto set = random_representations({.samples = samples, .layers = 2, .width = 8}, samples);
    const auto source = fit(set);
    for (std::size_t layer = 0; layer < 2; ++layer) {
      const auto points = features(set, layer);
      const auto vector = constant_vector(*source, layer);
      const Point direction(vector.begin(), vector.end());
      const auto w = scaled(direction, best_length(points, direction));
      const auto at_start = gradient(points, Point(set.width, 0.0));
      EXPECT_LT(std::sqrt(dot(gradient(points, w), gradient(points, w))), 1e-5 * std::sqrt(dot(at_start, at_start)))
          << samples << " samples, layer " << layer;
    }
  }
}

// Computed with PyTorch in double precision: BCEWithLogitsLoss(sum) + |w|^2 / 2 by L-BFGS to a gradient below 1e-9.
TEST(Logistic, AgreesWithPyTorch) {
  const auto vector =
      fit_one_layer({{2, 1, 0, -1}, {1, 0, 3, 1}, {-0.5F, 2, 1, 0}, {3, -1, 0.5F, 2}, {0.5F, 0.5F, -2, 1}});
  EXPECT_THAT(vector, Pointwise(FloatNear(1e-6F), {1.0832477538F, 0.7565985760F, 0.3399932608F, 0.5770030762F}));
}

TEST(Logistic, IsAsLongAsTheMeanDifferenceAlongIt) {
  const auto set = random_representations({.samples = 7, .layers = 1, .width = 5}, 21);
  const auto vector = constant_vector(*fit(set));
  const auto mean = mean_difference(set);
  double along = 0;
  double squares = 0;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    along += static_cast<double>(vector[i]) * static_cast<double>(mean[i]);
    squares += static_cast<double>(vector[i]) * static_cast<double>(vector[i]);
  }
  EXPECT_NEAR(along, squares, 1e-6 * squares);
}

TEST(Logistic, DoesNotDependOnTheDifferencesUnit) {
  auto set = random_representations({.samples = 7, .layers = 1, .width = 5}, 22);
  auto small = constant_vector(*fit(set));
  for (auto& value : set.differences) value *= 4096;
  for (auto& value : small) value *= 4096;
  EXPECT_THAT(constant_vector(*fit(set)), Pointwise(FloatNear(0.01F), small));
}

TEST(Logistic, GivesLessWeightThanTheMeanToDifferencesThatAreTooClearAlready) {
  // The mean follows the one large difference; who is separated by far counts little.
  const auto vector = fit_one_layer({{0, 100}, {1, 0}, {1, 0}, {1, 0}, {1, 0}, {1, 0}, {1, 0}, {1, 0}});
  const double mean_slope = (100.0 / 8) / (7.0 / 8);
  EXPECT_GT(vector[1], 0);
  EXPECT_LT(static_cast<double>(vector[1] / vector[0]), mean_slope / 2);
}

TEST(Logistic, HasNoVectorWithoutDifferencesOrWithoutAMean) {
  EXPECT_THAT(fit_one_layer({{0, 0}, {0, 0}}), Each(0.0F));
  EXPECT_THAT(fit_one_layer({{0.3F, 0.7F}, {-0.3F, -0.7F}, {0.1F, -0.9F}, {-0.1F, 0.9F}}), Each(0.0F));
}

TEST(Logistic, RefusesDifferencesThatAreNotFinite) {
  auto set = random_representations({.samples = 3, .layers = 2, .width = 4}, 3);
  set.differences[4] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(test::message_of(ErrorKind::vectors, [&] { static_cast<void>(fit(set)); }), HasSubstr("at layer 1"));
}

TEST(Logistic, DoesNotDependOnTheNumberOfThreads) {
  const auto set = random_representations({.samples = 20, .layers = 7, .width = 6}, 4);
  const auto one = fit(set, {.threads = 1});
  const auto three = fit(set, {.threads = 3});
  for (std::size_t layer = 0; layer < 7; ++layer)
    EXPECT_EQ(constant_vector(*one, layer), constant_vector(*three, layer));
}

}  // namespace
}  // namespace w2s
