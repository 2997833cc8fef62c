#include "w2s/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "w2s/base.h"

namespace w2s {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string error_line(std::string_view name, std::size_t layers) {
  try {
    static_cast<void>(parse_prompt_encoder(name, layers));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  ADD_FAILURE() << name << " was accepted";
  return {};
}

TEST(PromptEncoder, NamesThePapersEncodersFirst) {
  EXPECT_EQ(to_string(PromptEncoder{0, Pooling::last}), "first-last");
  EXPECT_EQ(to_string(PromptEncoder{0, Pooling::mean}), "first-mean");
  EXPECT_EQ(to_string(PromptEncoder{12, Pooling::mean}), "layer12-mean");
}

TEST(PromptEncoder, ParsesTheNameOfEveryLayer) {
  constexpr std::size_t layers = 40;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    for (const Pooling pooling : {Pooling::last, Pooling::mean}) {
      const PromptEncoder encoder{layer, pooling};
      EXPECT_EQ(parse_prompt_encoder(to_string(encoder), layers), encoder);
    }
  }
}

TEST(PromptEncoder, TakesMiddleAsHalfTheDepth) {
  EXPECT_EQ(parse_prompt_encoder("middle-last", 30), (PromptEncoder{15, Pooling::last}));
  EXPECT_EQ(parse_prompt_encoder("middle-mean", 31), (PromptEncoder{15, Pooling::mean}));
  EXPECT_EQ(parse_prompt_encoder("layer0-last", 30), (PromptEncoder{0, Pooling::last}));
}

TEST(PromptEncoder, SaysWhichNamesExist) {
  for (const char* name : {"", "-last", "first", "last", "first-max", "layer-last", "layer1x-mean", "layer-1-mean",
                           "layer99999999999999999999-last", "bert-mean"}) {
    EXPECT_THAT(error_line(name, 30), AllOf(HasSubstr("first-last"), HasSubstr("layer<K>-mean"))) << name;
  }
}

TEST(PromptEncoder, SaysHowManyLayersTheModelHas) {
  EXPECT_THAT(error_line("layer30-last", 30), AllOf(HasSubstr("layer30-last"), HasSubstr("30 layers")));
}

TEST(PromptEncoder, RecordsADifferentLayerEachByDefault) {
  std::vector<std::string> names;
  for (const PromptEncoder& encoder : default_prompt_encoders(30)) names.push_back(to_string(encoder));
  EXPECT_THAT(names, ElementsAre("first-last", "first-mean", "layer7-last", "layer7-mean", "layer10-last",
                                 "layer10-mean", "layer15-last", "layer15-mean", "layer20-last", "layer20-mean",
                                 "layer22-last", "layer22-mean"));
}

TEST(PromptEncoder, DefaultsFitModelsOfAnyDepth) {
  for (std::size_t layers = 1; layers <= 100; ++layers) {
    const std::vector<PromptEncoder> encoders = default_prompt_encoders(layers);
    EXPECT_TRUE(std::ranges::is_sorted(encoders));
    EXPECT_EQ(std::ranges::adjacent_find(encoders), encoders.end()) << layers;
    EXPECT_LT(encoders.back().layer, layers);
    EXPECT_TRUE(std::ranges::binary_search(encoders, parse_prompt_encoder("middle-last", layers)));
  }
}

TEST(Normalize, ScalesToUnitLength) {
  std::vector<float> embedding = {3.0F, 0.0F, -4.0F};
  normalize(embedding);
  EXPECT_THAT(embedding, ElementsAre(0.6F, 0.0F, -0.8F));
}

TEST(Normalize, IsNotLimitedByTheRangeOfAFloat) {
  std::vector<float> embedding = {3e30F, 4e30F};
  normalize(embedding);
  EXPECT_THAT(embedding, ElementsAre(testing::FloatEq(0.6F), testing::FloatEq(0.8F)));
}

TEST(Normalize, LeavesZeroAsItIs) {
  std::vector<float> embedding = {0.0F, 0.0F};
  normalize(embedding);
  EXPECT_THAT(embedding, ElementsAre(0.0F, 0.0F));
}

}  // namespace
}  // namespace w2s
