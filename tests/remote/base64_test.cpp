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

TEST(Base64, IsEncodedAsInTheExamplesOfItsStandard) {
  const auto encode = [](std::string_view text) { return encode_base64(std::as_bytes(std::span(text))); };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode(std::string_view("\0\xff\xbf\xfb", 4)), "AP+/+w==");
}

TEST(Base64, IsDecodedToWhatWasEncoded) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    bytes.push_back(static_cast<char>(byte));
    EXPECT_EQ(decode_base64(encode_base64(std::as_bytes(std::span(bytes)))), bytes);
  }
}

TEST(Base64, IsRefusedWhenItIsCutOrHoldsOtherLetters) {
  for (const char* text : {"Z", "Zm9vYg", "Zm9v Zg=", "Zm-v", "Zm=v", "====", "Z==="}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace w2s::remote
