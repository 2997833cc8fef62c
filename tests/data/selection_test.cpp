#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "data/data_files_of_tests.h"

namespace w2s::test {
namespace {

std::string many_pairs(std::size_t count) {
  std::string content;
  for (std::size_t i = 0; i < count; ++i) {
    content += fmt::format("{{\"prompt\": \"Q{}\", \"chosen\": \" x\", \"rejected\": \" y\"}}\n", i);
  }
  return content;
}

std::vector<std::int64_t> ids(const std::string& source, std::size_t limit, std::uint64_t seed) {
  std::vector<std::int64_t> result;
  const auto behaviors = read_behaviors(source, {.behaviors = {}, .limit = limit, .seed = seed});
  for (const Sample& sample : behaviors.at(0).samples) {
    EXPECT_EQ(sample.messages.at(0).content, "Q" + to_string(sample.id));
    result.push_back(std::get<std::int64_t>(sample.id));
  }
  return result;
}

TEST(Limit, DrawsThatManySamplesAndKeepsTheirOrder) {
  const DataFolder folder;
  const std::string path = folder.write("many.jsonl", many_pairs(100));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto drawn = ids(path, 10, seed);
    EXPECT_EQ(drawn.size(), 10U);
    EXPECT_TRUE(std::ranges::is_sorted(drawn));
    EXPECT_EQ(std::ranges::adjacent_find(drawn), drawn.end());
  }
}

TEST(Limit, DrawsTheSameWithTheSameSeedAndAnotherSubsetWithAnother) {
  const DataFolder folder;
  const std::string path = folder.write("many.jsonl", many_pairs(100));
  EXPECT_EQ(ids(path, 10, 3), ids(path, 10, 3));
  EXPECT_NE(ids(path, 10, 3), ids(path, 10, 4));
}

TEST(Limit, DrawsFromTheWholeFile) {
  const DataFolder folder;
  const std::string path = folder.write("many.jsonl", many_pairs(20));
  std::vector<std::size_t> drawn(20);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    for (const std::int64_t id : ids(path, 5, seed)) ++drawn.at(static_cast<std::size_t>(id));
  }
  // Each is expected 50 times with a standard deviation of 6.
  EXPECT_THAT(drawn, testing::Each(testing::AllOf(testing::Gt(20U), testing::Lt(80U))));
}

TEST(Limit, KeepsTheSamplesOfASmallerLimit) {
  const DataFolder folder;
  const std::string path = folder.write("many.jsonl", many_pairs(50));
  EXPECT_TRUE(std::ranges::includes(ids(path, 30, 1), ids(path, 12, 1)));
}

TEST(Limit, OfZeroOrMoreThanThereAreTakesAll) {
  const DataFolder folder;
  const std::string path = folder.write("many.jsonl", many_pairs(5));
  EXPECT_EQ(ids(path, 0, 0).size(), 5U);
  EXPECT_EQ(ids(path, 5, 0).size(), 5U);
  EXPECT_EQ(ids(path, 500, 0).size(), 5U);
}

TEST(Limit, DoesNotChangeTheChoicesOfEvaluations) {
  const DataFolder folder;
  std::string content;
  for (int i = 0; i < 20; ++i) {
    content += fmt::format(
        "{{\"question\": \"Q{}\", \"answer_matching_behavior\": \" Yes\", \"answer_not_matching_behavior\": \" "
        "No\"}}\n",
        i);
  }
  const std::string path = folder.write("extraversion.jsonl", content);
  const Behavior all = read_one(path);
  const auto limited = read_behaviors(path, {.behaviors = {}, .limit = 7, .seed = 1});
  for (const Sample& sample : limited.at(0).samples) {
    const Sample& same = all.samples.at(static_cast<std::size_t>(std::get<std::int64_t>(sample.id)));
    EXPECT_EQ(sample.messages, same.messages);
    EXPECT_EQ(sample.chosen, same.chosen);
    EXPECT_EQ(sample.where, same.where);
  }
}

}  // namespace
}  // namespace w2s::test
