#include "base/base64.h"

#include <gtest/gtest.h>

namespace w2s {
namespace {

TEST(Base64, IsDecodedAsInTheExamplesOfItsStandard) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("AP+/+w=="), std::string("\0\xff\xbf\xfb", 4));
}

TEST(Base64, IsEncodedAsInTheExamplesOfItsStandard) {
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("foo"), "Zm9v");
  EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode_base64(std::string("\0\xff\xbf\xfb", 4)), "AP+/+w==");
}

TEST(Base64, IsRefusedWhenItIsCutOrHoldsOtherLetters) {
  for (const char* text : {"Z", "Zm9vYg", "Zm9v Zg=", "Zm-v", "Zm=v", "====", "Z==="}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace w2s
