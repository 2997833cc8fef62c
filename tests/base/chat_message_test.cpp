#include "w2s/base.h"

#include <gtest/gtest.h>

#include <vector>

namespace w2s {
namespace {

TEST(PlainText, IsWhatEveryoneSaidWithABlankLineBetween) {
  const std::vector<ChatMessage> messages = {{"system", "Be brief."}, {"user", "Why?"}};
  EXPECT_EQ(plain_text(messages), "Be brief.\n\nWhy?");
}

}  // namespace
}  // namespace w2s
