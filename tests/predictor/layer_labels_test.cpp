#include "w2s/predictor.h"

#include <gmock/gmock.h>

#include <functional>
#include <limits>

#include "base/random.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using ::testing::ElementsAre;

SteerabilityMatrix matrix(std::vector<std::size_t> layers, std::vector<double> values) {
  const std::size_t samples = values.size() / layers.size();
  return {.samples = samples, .layers = std::move(layers), .values = std::move(values)};
}

// The model's layers of each sample's label.
std::vector<std::size_t> labelled_layers(const LayerLabels& labels) {
  std::vector<std::size_t> layers;
  for (const std::size_t label : labels.classes) layers.push_back(labels.layers.at(label));
  return layers;
}

void expect_error(ErrorKind kind, const std::function<void()>& action) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
  }
}

TEST(LayerLabels, AreTheMostSteerableLayersAndPruneTheOthers) {
  const auto labels = label_layers(matrix({3, 5, 8, 9}, {1, 2, 0, 4,      //
                                                         -3, -1, -2, -2,  //
                                                         0, 7, 6, 5}),
                                   1);
  EXPECT_THAT(labels.layers, ElementsAre(5, 9));
  EXPECT_THAT(labels.classes, ElementsAre(1, 0, 0));
}

TEST(LayerLabels, PreferTheLowerOfEquallySteerableLayers) {
  EXPECT_THAT(labelled_layers(label_layers(matrix({2, 4}, {1, 1}), 1)), ElementsAre(2));
}

// Layer 0 is best for two samples, 1 and 2 for one each.
SteerabilityMatrix two_one_one() {
  return matrix({0, 1, 2}, {9, 1, 0,  //
                            9, 0, 1,  //
                            5, 8, 0,  //
                            0, 5, 8});
}

TEST(FrequencySmoothing, ChoosesTheMostFrequentBestLayerAmongTheTopK) {
  EXPECT_THAT(labelled_layers(label_layers(two_one_one(), 1)), ElementsAre(0, 0, 1, 2));
  // The third sample's second best layer is more frequent; the fourth's, layer 1, is only as frequent as its best.
  EXPECT_THAT(labelled_layers(label_layers(two_one_one(), 2)), ElementsAre(0, 0, 0, 2));
  const auto three = label_layers(two_one_one(), 3);
  EXPECT_THAT(labelled_layers(three), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(three.layers, ElementsAre(0));
}

TEST(FrequencySmoothing, WithMoreLayersThanThereAreIsThatOfAll) {
  EXPECT_EQ(label_layers(two_one_one(), 99).classes, label_layers(two_one_one(), 3).classes);
}

TEST(FrequencySmoothing, NeverNeedsMoreClassesForALargerK) {
  Random random(11);
  SteerabilityMatrix random_matrix{.samples = 60, .layers = {0, 1, 2, 3, 4, 5, 6, 7}, .values = {}};
  for (int i = 0; i < 60 * 8; ++i) random_matrix.values.push_back(random.normal());
  std::size_t classes = 9;
  for (std::size_t k = 1; k <= 8; ++k) {
    const auto labels = label_layers(random_matrix, k);
    EXPECT_LE(labels.layers.size(), classes);
    classes = labels.layers.size();
  }
  EXPECT_EQ(classes, 1U) << "with every layer a candidate, the most frequent one is everybody's";
}

TEST(LayerLabels, RefuseWhatCannotBeLabelled) {
  expect_error(ErrorKind::usage, [] { static_cast<void>(label_layers(two_one_one(), 0)); });
  expect_error(ErrorKind::data, [] { static_cast<void>(label_layers(matrix({1, 2}, {}), 1)); });
  expect_error(ErrorKind::data, [] { static_cast<void>(label_layers({}, 1)); });
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_error(ErrorKind::data, [&] { static_cast<void>(label_layers(matrix({1, 2}, {nan, 1}), 1)); });
}

TEST(FixedLayer, HasTheHighestMeanSteerability) {
  EXPECT_EQ(best_fixed_column(matrix({4, 5, 6}, {9, 3, 0,  //
                                                 0, 7, 0})),
            1U);
  EXPECT_EQ(best_fixed_column(matrix({4, 5, 6}, {0, 2, 2})), 1U) << "the first of equal ones";
  expect_error(ErrorKind::data, [] { static_cast<void>(best_fixed_column({})); });
}

TEST(SteerabilityMatrix, SelectsSamplesInTheOrderGiven) {
  const auto selected = two_one_one().select(std::vector<std::size_t>{3, 0});
  EXPECT_EQ(selected.samples, 2U);
  EXPECT_THAT(selected.layers, ElementsAre(0, 1, 2));
  EXPECT_THAT(selected.values, ElementsAre(0, 5, 8, 9, 1, 0));
  expect_error(ErrorKind::usage, [] { static_cast<void>(two_one_one().select(std::vector<std::size_t>{4})); });
}

}  // namespace
}  // namespace w2s
