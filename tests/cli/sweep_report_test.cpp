#include "cli/print/sweep_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace w2s::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const SweepGrid grid = {.layers = {2, 5}, .multipliers = {-1.0F, 0.0F, 1.0F}};

// Propensity `slope * multiplier` at each layer.
SweepRecord record(SampleId id, std::size_t index, float first_slope, float second_slope) {
  SweepRecord made;
  made.key.sample = index;
  made.id = std::move(id);
  made.propensity = {
      {.layers = 2, .multipliers = 3, .values = {-first_slope, 0, first_slope, -second_slope, 0, second_slope}}};
  return made;
}

TEST(SampleLine, HasTheDocumentedForm) {
  EXPECT_EQ(sample_line(record(std::int64_t{7}, 0, 0.1F, 2), grid.multipliers, false).substr(0, 54),
            "{\"id\": 7, \"propensity\": [[-0.1, 0, 0.1], [-2, 0, 2]], ");
}

TEST(SampleLine, IsOneLineOfJsonThatReadsBackEqual) {
  const auto line = sample_line(record(std::string("a \"b\"\n"), 0, 1.0F / 3, 2), grid.multipliers, false);
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json.size(), 3U);
  EXPECT_EQ(json["id"], "a \"b\"\n");
  EXPECT_EQ(json["propensity"][0][2].get<float>(), 1.0F / 3);
  EXPECT_NEAR(json["steerability"][0].get<double>(), 1.0 / 3, 1e-7);
}

TEST(SampleLine, NamesTheVariantWhereThereAreSeveral) {
  const auto json = nlohmann::json::parse(sample_line(record(std::int64_t{1}, 0, 1, 2), grid.multipliers, true));
  EXPECT_EQ(json["variant"], "BASE");
}

TEST(SweepReport, SummarisesByLayer) {
  const std::vector records = {record(std::int64_t{0}, 0, 1, 2), record(std::int64_t{1}, 1, 3, -4),
                               record(std::int64_t{2}, 2, 2, 5)};
  const auto report = sweep_report(records, grid, {});
  ASSERT_EQ(report.table.rows.size(), 2U);
  const auto number = [&](std::size_t row, std::size_t column) {
    return std::get<double>(report.table.rows[row][column]);
  };
  EXPECT_EQ(std::get<std::int64_t>(report.table.rows[1][1]), 5);
  EXPECT_NEAR(number(0, 3), 2.0, 1e-6);
  EXPECT_NEAR(number(0, 4), 1.0, 1e-6);
  EXPECT_NEAR(number(1, 3), 1.0, 1e-6);
  EXPECT_NEAR(number(1, 5), 2.0 / 3, 1e-6);
  EXPECT_NEAR(number(1, 6), 2.0 / 3, 1e-6);
  EXPECT_THAT(report.notes, HasSubstr("Best fixed layer on these 3 samples, BASE: 2"));
}

TEST(SweepReport, ReportsTheNoiseFloor) {
  const std::vector records = {record(std::int64_t{0}, 0, 1, 2)};
  const auto report =
      sweep_report(records, grid, {.samples = 4, .propensity = 0.5, .steerability = 0.25, .best_layer_changes = 3});
  EXPECT_THAT(report.notes, HasSubstr("within 0.5 logits"));
  EXPECT_THAT(report.notes, HasSubstr("3 of 4 samples"));
}

TEST(SweepJson, HoldsGridNoiseSummaryAndSamples) {
  const std::vector records = {record(std::int64_t{0}, 0, 1, 2), record(std::int64_t{1}, 1, 3, 4)};
  const auto json = nlohmann::json::parse(sweep_json("open\"ness", records, grid, {.samples = 1}));
  EXPECT_EQ(json["behavior"], "open\"ness");
  EXPECT_EQ(json["layers"], (std::vector<int>{2, 5}));
  EXPECT_EQ(json["multipliers"], (std::vector<float>{-1, 0, 1}));
  EXPECT_EQ(json["noise_floor"]["samples"], 1);
  EXPECT_EQ(json["by_layer"].size(), 2U);
  EXPECT_EQ(json["samples"].size(), 2U);
}

TEST(InOrder, HoldsBackWhatComesTooEarly) {
  std::vector<std::string> passed;
  InOrder in_order([&](std::string_view text) { passed.emplace_back(text); });
  in_order.add(2, "c");
  EXPECT_THAT(passed, ElementsAre());
  in_order.add(0, "a");
  EXPECT_THAT(passed, ElementsAre("a"));
  in_order.add(1, "b");
  EXPECT_THAT(passed, ElementsAre("a", "b", "c"));
}

}  // namespace
}  // namespace w2s::cli
