#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "cli/program.h"
#include "cli/recording_console.h"

namespace w2s::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string output_of(const Arguments& arguments) {
  test::RecordingConsole console;
  EXPECT_EQ(run_program(arguments, console.console()), 0) << console.err;
  return console.out;
}

// The groups of every match, as numbers.
std::vector<std::vector<int>> numbers_in(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::vector<int>> found;
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match) {
    auto& numbers = found.emplace_back();
    for (std::size_t i = 1; i < match->size(); ++i) numbers.push_back(std::stoi((*match)[i]));
  }
  return found;
}

TEST(Example1Command, PrintsSumsThatAddUp) {
  const auto sums =
      numbers_in(output_of({"example1"}), R"(= \((-?\d+), (-?\d+)\) \+ \((-?\d+), (-?\d+)\) = \((-?\d+), (-?\d+)\))");
  EXPECT_EQ(sums.size(), 8U);
  for (const auto& sum : sums) {
    EXPECT_EQ(sum[0] + sum[2], sum[4]);
    EXPECT_EQ(sum[1] + sum[3], sum[5]);
  }
}

TEST(Example1Command, PrintsBehaviorsThatFollowFromTheLogits) {
  const auto behaviors =
      numbers_in(output_of({"example1"}), R"(z = \((-?\d+), (-?\d+), .*b = (-?\d+) \+ \|(-?\d+)\| - 3 = (-?\d+))");
  EXPECT_EQ(behaviors.size(), 12U);
  for (const auto& numbers : behaviors) {
    EXPECT_EQ(numbers[0], numbers[2]);
    EXPECT_EQ(numbers[1], numbers[3]);
    EXPECT_EQ(numbers[2] + std::abs(numbers[3]) - 3, numbers[4]);
  }
}

TEST(Example1Command, StatesTheOptimalLayers) {
  const auto stated =
      numbers_in(output_of({"example1"}), R"(Input (\d), a \w+ response, is optimally steered at layer (\d))");
  EXPECT_THAT(stated, ElementsAre(ElementsAre(1, 1), ElementsAre(2, 2), ElementsAre(3, 1), ElementsAre(4, 2)));
}

TEST(Example1Command, PrintsChangesInTheDirectionItStates) {
  const auto changes = numbers_in(output_of({"example1"}),
                                  R"(aligns: b from (-?\d+) to (-?\d+); .* misaligns: b from (-?\d+) to (-?\d+))");
  EXPECT_EQ(changes.size(), 4U);
  for (const auto& change : changes) {
    EXPECT_GT(change[1], change[0]);
    EXPECT_LT(change[3], change[2]);
  }
}

TEST(Example1Command, JsonHasARowForEveryInputAndSteeredLayer) {
  const auto rows = nlohmann::json::parse(output_of({"example1", "--format", "json"}));
  ASSERT_EQ(rows.size(), 12U);
  for (std::size_t i = 0; i < rows.size(); i += 3) {
    EXPECT_TRUE(rows[i]["steered_layer"].is_null());
    EXPECT_EQ(rows[i + 1]["steered_layer"], 1);
    EXPECT_EQ(rows[i + 2]["steered_layer"], 2);
    const int optimal = rows[i + 1]["behavior"] > rows[i + 2]["behavior"] ? 1 : 2;
    EXPECT_EQ(rows[i]["optimal_layer"], optimal);
    EXPECT_GT(rows[i + 2]["linear"], rows[i + 1]["linear"]);
    EXPECT_EQ(rows[i]["linear_optimal_layer"], 2);
  }
}

TEST(Example1Command, HasTheOtherFormats) {
  EXPECT_THAT(output_of({"example1", "--format", "md"}), HasSubstr("### Input 1"));
  for (const auto* format : {"csv", "jsonl"}) {
    const auto text = output_of({"example1", "--format", format});
    EXPECT_EQ(std::ranges::count(text, '\n'), std::string(format) == "csv" ? 13 : 12);
  }
}

}  // namespace
}  // namespace w2s::cli
