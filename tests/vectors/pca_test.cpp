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

std::unique_ptr<VectorSource> fit(RepresentationSet set, const MethodOptions& options = {}) {
  return fit_method(steering_method("pca"), training_of(std::move(set)), options);
}

std::vector<float> fit_one_layer(const std::vector<std::vector<float>>& differences) {
  return constant_vector(*fit(one_layer(differences)));
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The mean's projection onto the axis that many multiplications by the scatter matrix end at.
std::vector<float> by_power_iteration(const RepresentationSet& set, std::size_t layer) {
  std::vector<double> axis(set.width, 1.0);
  std::vector<double> mean(set.width, 0.0);
  for (int iteration = 0; iteration < 20000; ++iteration) {
    std::vector<double> next(set.width, 0.0);
    for (std::size_t sample = 0; sample < set.samples; ++sample) {
      const auto row = set.difference(sample, layer);
      const std::vector<double> difference(row.begin(), row.end());
      const double weight = dot(difference, axis);
      for (std::size_t i = 0; i < set.width; ++i) next[i] += weight * difference[i];
      for (std::size_t i = 0; iteration == 0 && i < set.width; ++i)
        mean[i] += difference[i] / static_cast<double>(set.samples);
    }
    const double length = std::sqrt(dot(next, next));
    for (std::size_t i = 0; i < set.width; ++i) axis[i] = next[i] / length;
  }
  std::vector<float> projection;
  for (const double value : axis) projection.push_back(static_cast<float>(value * dot(axis, mean)));
  return projection;
}

TEST(Pca, IsTheMeanDifferenceWhereAllDifferencesAreParallel) {
  EXPECT_THAT(fit_one_layer({{0.6F, -0.8F}, {1.2F, -1.6F}, {1.8F, -2.4F}}), Pointwise(FloatNear(1e-6F), {1.2F, -1.6F}));
}

TEST(Pca, LooksForTheLargestMeanSquareNotForTheLargestVariance) {
  // Around their mean (3, 0) they vary along the second axis only.
  EXPECT_THAT(fit_one_layer({{3, 1}, {3, -1}, {3, 2}, {3, -2}}), Pointwise(FloatNear(1e-6F), {3.0F, 0.0F}));
}

TEST(Pca, LeavesOutWhatTheMeanHasAcrossTheAxis) {
  // The scatter is diagonal: 200 along the first axis, 4 along the second.
  EXPECT_THAT(fit_one_layer({{10, 1}, {10, -1}, {0, 1}, {0, 1}, {0, 0}}), Pointwise(FloatNear(1e-6F), {4.0F, 0.0F}));
}

TEST(Pca, PointsFromTheNegativeToThePositiveAnswer) {
  auto set = random_representations({.samples = 6, .layers = 1, .width = 5}, 11);
  const auto forward = constant_vector(*fit(set));
  for (auto& value : set.differences) value = -value;
  auto backward = constant_vector(*fit(set));
  for (auto& value : backward) value = -value;
  EXPECT_THAT(forward, Pointwise(FloatNear(1e-6F), backward));
  const auto mean = mean_difference(set);
  float along = 0;
  for (std::size_t i = 0; i < mean.size(); ++i) along -= mean[i] * forward[i];
  EXPECT_GT(along, 0.01F);
}

// Computed with torch.linalg.svd in double precision.
TEST(Pca, AgreesWithPyTorch) {
  const auto vector =
      fit_one_layer({{2, 1, 0, -1}, {1, 0, 3, 1}, {-0.5F, 2, 1, 0}, {3, -1, 0.5F, 2}, {0.5F, 0.5F, -2, 1}});
  EXPECT_THAT(vector, Pointwise(FloatNear(1e-6F), {0.9676006625F, -0.1976003674F, 0.6717366334F, 0.5483180946F}));
}

TEST(Pca, AgreesWithPowerIterationHoweverManySamplesThereAre) {
  for (const std::size_t samples : {2U, 5U, 6U, 7U, 40U}) {
    const auto set = random_representations({.samples = samples, .layers = 2, .width = 6}, samples);
    const auto source = fit(set);
    for (std::size_t layer = 0; layer < 2; ++layer)
      EXPECT_THAT(constant_vector(*source, layer), Pointwise(FloatNear(1e-5F), by_power_iteration(set, layer)))
          << samples << " samples, layer " << layer;
  }
}

TEST(Pca, HasNoVectorWhereTheDifferencesHaveNoMeanAlongTheAxis) {
  EXPECT_THAT(fit_one_layer({{5, 1}, {-5, 1}}), ElementsAre(0.0F, 0.0F));
  // The same with an axis that no number format holds exactly.
  EXPECT_THAT(fit_one_layer({{1, 3}, {-1, -3}, {0.3F, -0.1F}}), ElementsAre(0.0F, 0.0F));
}

TEST(Pca, HasNoVectorAtALayerWithoutDifferencesButAtTheOthers) {
  auto set = random_representations({.samples = 3, .layers = 3, .width = 4}, 2);
  for (std::size_t sample = 0; sample < 3; ++sample)
    std::fill_n(set.differences.begin() + static_cast<std::ptrdiff_t>((sample * 3 + 1) * 4), 4, 0.0F);
  const auto source = fit(set);
  EXPECT_THAT(constant_vector(*source, 0), testing::Contains(testing::Ne(0.0F)));
  EXPECT_THAT(constant_vector(*source, 1), Each(0.0F));
  EXPECT_THAT(constant_vector(*source, 2), testing::Contains(testing::Ne(0.0F)));
}

TEST(Pca, RefusesDifferencesThatAreNotFinite) {
  auto set = random_representations({.samples = 3, .layers = 2, .width = 4}, 3);
  set.differences[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(test::message_of(ErrorKind::vectors, [&] { static_cast<void>(fit(set)); }), HasSubstr("at layer 1"));
}

TEST(Pca, DoesNotDependOnTheNumberOfThreads) {
  const auto set = random_representations({.samples = 9, .layers = 7, .width = 12}, 4);
  const auto one = fit(set, {.threads = 1});
  const auto three = fit(set, {.threads = 3});
  for (std::size_t layer = 0; layer < 7; ++layer)
    EXPECT_EQ(constant_vector(*one, layer), constant_vector(*three, layer));
}

TEST(Pca, ReportsEachLayerAndCanBeStopped) {
  const auto training = training_of(random_representations({.samples = 4, .layers = 3}, 5));
  std::vector<std::size_t> done;
  const std::stop_source stop;
  Job job;
  job.stop = stop.get_token();
  job.on_progress = [&](const Progress& progress) { done.push_back(progress.done); };
  static_cast<void>(fit_method(steering_method("pca"), training, {}, job));
  EXPECT_THAT(done, ElementsAre(0, 1, 2, 3));
  stop.request_stop();
  const auto error = test::error_of([&] { static_cast<void>(fit_method(steering_method("pca"), training, {}, job)); });
  EXPECT_EQ(error.kind(), ErrorKind::interrupted);
}

}  // namespace
}  // namespace w2s
