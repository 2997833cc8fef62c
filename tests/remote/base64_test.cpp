#include "remote/base64.h"

#include <gtest/gtest.h>

namespace w2s::remote {
namespace {

TEST(Base64, IsDecodedAsInTheExamplesOfItsStandard) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("AP+/+w=="), std::string("\0\xff\xbf\xfb", 4));
}

TEST(Base64, IsRefusedWhenItIsCutOrHoldsOtherLetters) {
  for (const char* text : {"Z", "Zm9vYg", "Zm9v Zg=", "Zm-v", "Zm=v", "====", "Z==="}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace w2s::remote
