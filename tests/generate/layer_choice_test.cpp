#include "w2s/generation.h"

#include <gmock/gmock.h>

#include "support/error_of.h"

namespace w2s {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(std::string_view text) {
  return test::message_of(ErrorKind::usage, [&] { static_cast<void>(parse_layer_choice(text)); });
}

TEST(LayerChoice, IsThePredictorsOrAListOfLayers) {
  EXPECT_TRUE(parse_layer_choice("auto").is_auto());
  EXPECT_EQ(parse_layer_choice("auto").most_likely, 1U);
  EXPECT_TRUE(parse_layer_choice("auto:3").is_auto());
  EXPECT_EQ(parse_layer_choice("auto:3").most_likely, 3U);
  EXPECT_FALSE(parse_layer_choice("0").is_auto());
  EXPECT_THAT(parse_layer_choice("0").layers, ElementsAre(0));
  EXPECT_THAT(parse_layer_choice("14,12,13").layers, ElementsAre(12, 13, 14));
}

TEST(LayerChoice, IsWrittenAsItIsRead) {
  for (const char* text : {"auto", "auto:2", "7", "3,5,8"}) EXPECT_EQ(to_string(parse_layer_choice(text)), text);
  EXPECT_EQ(to_string(parse_layer_choice("auto:1")), "auto");
}

TEST(LayerChoice, RefusesWhatNamesNoLayers) {
  for (const char* text : {"", "auto:", "auto:0", "auto:x", "Auto", "-1", "1,,2", "1,", ",", "1-3", "1.5", " 1",
                           "99999999999999999999999"})
    EXPECT_THAT(refusal(text), HasSubstr("names no layers")) << text;
  EXPECT_THAT(refusal("3,1,3"), HasSubstr("layer 3 is named twice"));
}

}  // namespace
}  // namespace w2s
