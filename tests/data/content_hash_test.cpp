#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "w2s/data.h"

namespace w2s {
namespace {

Sample sample(std::int64_t id, std::string question) {
  return {.id = id,
          .messages = {{"user", std::move(question)}},
          .system = std::nullopt,
          .chosen = " x",
          .rejected = " y",
          .where = "f.jsonl:1"};
}

Behavior behavior() {
  return {.name = "b", .positive = "P.", .negative = "N.", .system = "S.", .samples = {sample(0, "A"), sample(1, "B")}};
}

TEST(ContentHash, IsAHexadecimalSha256) {
  const std::string hash = content_hash(behavior());
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(hash.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(hash, content_hash(behavior()));
}

TEST(ContentHash, ChangesWithEverythingThatChangesAResult) {
  const std::vector<std::function<void(Behavior&)>> changes = {
      [](Behavior&) {},
      [](Behavior& b) { b.name = "c"; },
      [](Behavior& b) { b.positive = "Q."; },
      [](Behavior& b) { b.negative = "M."; },
      [](Behavior& b) { std::swap(b.positive, b.negative); },
      [](Behavior& b) { b.system = "T."; },
      [](Behavior& b) { std::swap(b.samples[0], b.samples[1]); },
      [](Behavior& b) { b.samples.pop_back(); },
      [](Behavior& b) { b.samples[0].id = std::int64_t{5}; },
      [](Behavior& b) { b.samples[0].id = "0"; },
      [](Behavior& b) { b.samples[0].chosen = " z"; },
      [](Behavior& b) { std::swap(b.samples[0].chosen, b.samples[0].rejected); },
      [](Behavior& b) { b.samples[0].system = ""; },
      [](Behavior& b) { b.samples[0].system = "S."; },
      [](Behavior& b) { b.samples[0].messages[0].content = "C"; },
      [](Behavior& b) { b.samples[0].messages[0].role = "assistant"; },
      [](Behavior& b) { b.samples[0].messages.push_back({"assistant", ""}); },
  };
  std::set<std::string> hashes;
  for (const auto& change : changes) {
    Behavior changed = behavior();
    change(changed);
    hashes.insert(content_hash(changed));
  }
  EXPECT_EQ(hashes.size(), changes.size());
}

TEST(ContentHash, DoesNotConfuseTextThatMovesFromOneFieldToTheNext) {
  Behavior first = behavior();
  first.samples[0].chosen = " x1:y";
  first.samples[0].rejected = "";
  Behavior second = behavior();
  second.samples[0].chosen = " x";
  second.samples[0].rejected = "1:y";
  EXPECT_NE(content_hash(first), content_hash(second));
}

TEST(ContentHash, DoesNotDependOnWhereTheFileIs) {
  Behavior moved = behavior();
  moved.samples[0].where = "elsewhere.jsonl:7";
  EXPECT_EQ(content_hash(moved), content_hash(behavior()));
}

}  // namespace
}  // namespace w2s
