#include "w2s/sweep.h"

#include <gmock/gmock.h>

namespace w2s {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::IsEmpty;

std::vector<std::size_t> layers_of(const std::vector<LayerShare>& shares) {
  std::vector<std::size_t> layers;
  for (const auto& share : shares) layers.push_back(share.layer);
  return layers;
}

std::vector<float> values_of(const std::vector<LayerShare>& shares) {
  std::vector<float> values;
  for (const auto& share : shares) values.push_back(share.share);
  return values;
}

constexpr std::size_t layers[] = {3, 7, 8, 12};
constexpr float probabilities[] = {0.125F, 0.5F, 0.125F, 0.25F};

TEST(LayerShares, AreInProportionToTheProbabilitiesOfTheMostLikelyLayers) {
  const auto shares = most_likely_shares(layers, probabilities, 2);
  EXPECT_THAT(layers_of(shares), ElementsAre(7, 12));
  EXPECT_THAT(values_of(shares), ElementsAre(FloatEq(2.0F / 3), FloatEq(1.0F / 3)));
  EXPECT_EQ(shares[0].confidence, 0.5F);
  EXPECT_EQ(shares[1].confidence, 0.25F);
}

TEST(LayerShares, OfOneLayerAreAllOfIt) {
  EXPECT_EQ(most_likely_shares(layers, probabilities, 1),
            (std::vector<LayerShare>{{.layer = 7, .share = 1, .confidence = 0.5F}}));
}

TEST(LayerShares, OfEquallyLikelyLayersGoToTheFirst) {
  EXPECT_THAT(layers_of(most_likely_shares(layers, probabilities, 3)), ElementsAre(7, 12, 3));
}

TEST(LayerShares, OfMoreLayersThanThereAreGoToAllOfThem) {
  const auto shares = most_likely_shares(layers, probabilities, 9);
  EXPECT_THAT(layers_of(shares), ElementsAre(7, 12, 3, 8));
  EXPECT_THAT(values_of(shares), ElementsAre(0.5F, 0.25F, 0.125F, 0.125F));
}

TEST(LayerShares, AreEqualForNamedLayers) {
  const auto shares = equal_shares(layers);
  EXPECT_THAT(layers_of(shares), ElementsAre(3, 7, 8, 12));
  EXPECT_THAT(values_of(shares), ElementsAre(0.25F, 0.25F, 0.25F, 0.25F));
  EXPECT_FALSE(shares[0].confidence.has_value());
  EXPECT_THAT(equal_shares({}), IsEmpty());
}

}  // namespace
}  // namespace w2s
