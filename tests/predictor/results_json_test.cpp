#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "w2s/base.h"
#include "w2s/predictor.h"

namespace w2s {
namespace {

using testing::AllOf;
using testing::HasSubstr;

PolicyResult full_row() {
  return {.behavior = "openness \"quoted\" \n ü",
          .method = "caa",
          .variant = "SYS.NEG",
          .split = "test",
          .policy = "w2s-top2",
          .layer = 17,
          .samples = 500,
          .steerability = 0.1,
          .steerability_sd = 1.0 / 3,
          .proportion_steerable = 1,
          .proportion_sd = std::numeric_limits<double>::denorm_min(),
          .gain_over_fixed = Interval{.mean = -1e-300, .low = -2.5, .high = 1e300},
          .regret = 0.25,
          .accuracy = 0.7};
}

PolicyResult plain_row() {
  PolicyResult row;
  row.behavior = "openness";
  row.policy = "fixed";
  row.samples = 3;
  row.steerability = 0.5;
  row.proportion_steerable = 0.25;
  return row;
}

std::string with(const std::string& field, const std::string& value) {
  std::string text = results_to_json(std::vector{plain_row(), full_row()});
  const std::size_t second_row = text.find('\n', text.find('\n') + 1);
  const std::size_t begin = text.find('"' + field + "\":", second_row) + field.size() + 3;
  const std::size_t end = text.find_first_of(text[begin] == '{' ? "}" : ",}", begin) + (text[begin] == '{' ? 1 : 0);
  return text.replace(begin, end - begin, value);
}

std::string error_line(const std::string& text) {
  try {
    static_cast<void>(results_from_json(text));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::results);
    return error.what();
  }
  ADD_FAILURE() << "no error for " << text;
  return {};
}

TEST(ResultsJson, IsARowALineWithNullForWhatIsAbsent) {
  EXPECT_EQ(results_to_json(std::vector{plain_row(), plain_row()}),
            R"({"results": [
  {"behavior":"openness","method":"caa","variant":"BASE","split":"test","policy":"fixed","layer":null,"samples":3,)"
            R"("steerability":0.5,"steerability_sd":null,"proportion_steerable":0.25,"proportion_sd":null,)"
            R"("gain_over_fixed":null,"regret":null,"accuracy":null},
  {"behavior":"openness","method":"caa","variant":"BASE","split":"test","policy":"fixed","layer":null,"samples":3,)"
            R"("steerability":0.5,"steerability_sd":null,"proportion_steerable":0.25,"proportion_sd":null,)"
            R"("gain_over_fixed":null,"regret":null,"accuracy":null}
]}
)");
}

TEST(ResultsJson, ReadsBackWhatItWrote) {
  const std::vector<PolicyResult> rows = results_from_json(results_to_json(std::vector{full_row(), plain_row()}));
  ASSERT_EQ(rows.size(), 2U);
  const PolicyResult expected = full_row();
  EXPECT_EQ(rows[0].behavior, expected.behavior);
  EXPECT_EQ(rows[0].method, expected.method);
  EXPECT_EQ(rows[0].variant, expected.variant);
  EXPECT_EQ(rows[0].split, expected.split);
  EXPECT_EQ(rows[0].policy, expected.policy);
  EXPECT_EQ(rows[0].layer, expected.layer);
  EXPECT_EQ(rows[0].samples, expected.samples);
  EXPECT_EQ(rows[0].steerability, expected.steerability);
  EXPECT_EQ(rows[0].steerability_sd, expected.steerability_sd);
  EXPECT_EQ(rows[0].proportion_steerable, expected.proportion_steerable);
  EXPECT_EQ(rows[0].proportion_sd, expected.proportion_sd);
  ASSERT_TRUE(rows[0].gain_over_fixed);
  EXPECT_EQ(rows[0].gain_over_fixed->mean, expected.gain_over_fixed->mean);
  EXPECT_EQ(rows[0].gain_over_fixed->low, expected.gain_over_fixed->low);
  EXPECT_EQ(rows[0].gain_over_fixed->high, expected.gain_over_fixed->high);
  EXPECT_EQ(rows[0].regret, expected.regret);
  EXPECT_EQ(rows[0].accuracy, expected.accuracy);
  EXPECT_FALSE(rows[1].layer);
  EXPECT_FALSE(rows[1].steerability_sd);
  EXPECT_FALSE(rows[1].proportion_sd);
  EXPECT_FALSE(rows[1].gain_over_fixed);
  EXPECT_FALSE(rows[1].regret);
  EXPECT_FALSE(rows[1].accuracy);
}

TEST(ResultsJson, ReadsRowsFromBeforeTheyHadARegret) {
  auto text = results_to_json({{full_row()}});
  const std::string field = "\"regret\":0.25,";
  text.erase(text.find(field), field.size());
  const auto rows = results_from_json(text);
  EXPECT_FALSE(rows.at(0).regret);
  EXPECT_EQ(rows.at(0).accuracy, full_row().accuracy);
}

TEST(ResultsJson, HoldsNoRows) { EXPECT_TRUE(results_from_json(results_to_json({})).empty()); }

TEST(ResultsJson, WritesNamesThatAreNotUtf8) {
  PolicyResult row = plain_row();
  row.behavior = "caf\xe9";
  EXPECT_EQ(results_from_json(results_to_json({{row}})).at(0).behavior, "caf\xef\xbf\xbd");
}

TEST(ResultsJson, NamesTheRowAndFieldThatIsWrong) {
  const std::pair<const char*, const char*> changes[] = {
      {"behavior", "1"},           {"method", "null"},
      {"variant", "[]"},           {"split", "{}"},
      {"policy", "true"},          {"layer", "-1"},
      {"samples", "2.5"},          {"steerability", "\"high\""},
      {"steerability_sd", "\"\""}, {"proportion_steerable", "null"},
      {"proportion_sd", "[]"},     {"accuracy", "{}"},
      {"regret", "\"much\""},
  };
  for (const auto& [field, value] : changes) {
    EXPECT_THAT(error_line(with(field, value)), AllOf(HasSubstr("row 2"), HasSubstr("'" + std::string(field) + "'")))
        << field;
  }
  EXPECT_THAT(error_line(with("gain_over_fixed", "3")), AllOf(HasSubstr("row 2"), HasSubstr("'gain_over_fixed'")));
  EXPECT_THAT(error_line(with("gain_over_fixed", R"({"mean":1,"low":null,"high":2})")),
              AllOf(HasSubstr("row 2"), HasSubstr("'gain_over_fixed'"), HasSubstr("'low'")));
}

TEST(ResultsJson, RefusesOtherDocuments) {
  for (const char* const text : {"", "{", "[]", "{}", R"({"results": 1})", R"({"results": [1]})", "\xff"}) {
    const std::string line = error_line(text);
    EXPECT_THAT(line, HasSubstr("results"));
    EXPECT_EQ(std::ranges::count(line, '\n'), 0) << line;
  }
}

}  // namespace
}  // namespace w2s
