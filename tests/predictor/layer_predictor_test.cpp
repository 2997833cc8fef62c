#include "w2s/predictor.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "w2s/base.h"

namespace w2s {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;

// softmax(relu(x - mean) summed, 0) over layers 3 and 8, where x is the embedding at unit length.
PredictorParts parts() {
  return {
      .layers = {3, 8},
      .mean = {0.1F, 0.2F},
      .network = {{.weight = {1, 0, 0, 1, 1, 1}, .bias = {0, 0, -5}}, {.weight = {1, 1, 1, 0, 0, 0}, .bias = {0, 0}}}};
}

TEST(LayerPredictor, IsASoftmaxOverTheNetworkOfTheCentredUnitEmbedding) {
  const LayerPredictor predictor(parts());
  // (3, 4) is (0.6, 0.8) at unit length, (0.5, 0.6) centred.
  const double expected = 1 / (1 + std::exp(-1.1));
  EXPECT_THAT(
      predictor.probabilities(std::vector<float>{3, 4}),
      ElementsAre(FloatNear(static_cast<float>(expected), 1e-6F), FloatNear(static_cast<float>(1 - expected), 1e-6F)));
  EXPECT_EQ(predictor.layer(std::vector<float>{3, 4}), 3U);
}

TEST(LayerPredictor, GivesBackItsParts) {
  const auto copy = LayerPredictor(parts()).parts();
  EXPECT_EQ(copy.layers, parts().layers);
  EXPECT_EQ(copy.mean, parts().mean);
  ASSERT_EQ(copy.network.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(copy.network[i].weight, parts().network[i].weight);
    EXPECT_EQ(copy.network[i].bias, parts().network[i].bias);
  }
}

TEST(LayerPredictor, AcceptsAZeroEmbedding) {
  const auto probabilities = LayerPredictor(parts()).probabilities(std::vector<float>{0, 0});
  EXPECT_THAT(probabilities, ElementsAre(0.5F, 0.5F));
}

TEST(LayerPredictor, RefusesEmbeddingsOfAnotherWidthOrThatAreNotFinite) {
  const LayerPredictor predictor(parts());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto& embedding : {std::vector<float>{1}, {1, 2, 3}, {}, {nan, 1}}) {
    try {
      static_cast<void>(predictor.probabilities(embedding));
      ADD_FAILURE() << "an embedding of " << embedding.size() << " values was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::predictor);
    }
  }
}

TEST(LayerPredictor, RefusesPartsThatDoNotFitTogether) {
  const auto refuse = [](const char* why, auto change) {
    auto broken = parts();
    change(broken);
    try {
      static_cast<void>(LayerPredictor(broken));
      ADD_FAILURE() << "nothing was thrown instead of: " << why;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::predictor);
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
  };
  refuse("no layers", [](auto& broken) { broken.layers.clear(); });
  refuse("ascending", [](auto& broken) { broken.layers = {8, 3}; });
  refuse("ascending", [](auto& broken) { broken.layers = {3, 3}; });
  refuse("no width", [](auto& broken) { broken.mean.clear(); });
  refuse("no network", [](auto& broken) { broken.network.clear(); });
  refuse("dense layer 0", [](auto& broken) { broken.mean.push_back(0); });
  refuse("dense layer 1", [](auto& broken) { broken.network[1].weight.pop_back(); });
  refuse("dense layer 1", [](auto& broken) { broken.network[1] = {}; });
  refuse("not finite", [](auto& broken) { broken.network[0].bias[1] = std::numeric_limits<float>::infinity(); });
  refuse("not finite", [](auto& broken) { broken.mean[0] = std::numeric_limits<float>::quiet_NaN(); });
  refuse("2 outputs for 3 layers", [](auto& broken) { broken.layers = {1, 2, 3}; });
}

TEST(PredictorGrid, IsEveryCombinationInAFixedOrder) {
  const PredictorGrid grid{
      .learning_rates = {1, 2}, .hidden_widths = {3}, .hidden_layers = {0, 1}, .weight_decays = {5, 6}};
  const auto settings = grid.settings();
  ASSERT_EQ(settings.size(), 8U);
  EXPECT_EQ(settings.front(), (PredictorSettings{1, 3, 0, 5}));
  EXPECT_EQ(settings[1], (PredictorSettings{1, 3, 0, 6}));
  EXPECT_EQ(settings.back(), (PredictorSettings{2, 3, 1, 6}));
}

}  // namespace
}  // namespace w2s
