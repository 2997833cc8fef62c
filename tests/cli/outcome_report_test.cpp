#include "cli/print/outcome_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace w2s::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

PolicyResult policy(const std::string& name, double steerability, std::optional<Interval> gain = std::nullopt) {
  PolicyResult row;
  row.behavior = "openness";
  row.policy = name;
  row.samples = 100;
  row.steerability = steerability;
  row.proportion_steerable = 0.9;
  row.gain_over_fixed = gain;
  if (name == "fixed") row.layer = 20;
  return row;
}

TEST(Verdict, SaysThatW2SIsBetterWhenTheIntervalIsAboveZero) {
  const std::vector rows = {policy("fixed", 2.5), policy("w2s-top1", 2.6, Interval{0.1, 0.02, 0.18}),
                            policy("optimum", 3.0, Interval{0.5, 0.4, 0.6})};
  const auto sentence = verdict(rows, nullptr);
  EXPECT_THAT(sentence, HasSubstr("W2S steers better than the best fixed layer, 20: Top-1 (+0.100 [+0.020, +0.180])"));
  EXPECT_THAT(sentence, HasSubstr("would gain +0.500"));
  EXPECT_THAT(sentence, Not(HasSubstr("does not beat")));
}

TEST(Verdict, SaysThatW2SDoesNotBeatTheFixedLayerWhenTheIntervalIncludesZero) {
  const std::vector rows = {policy("fixed", 2.5), policy("w2s-top1", 2.6, Interval{0.1, -0.02, 0.22})};
  const auto sentence = verdict(rows, nullptr);
  EXPECT_THAT(sentence, HasSubstr("W2S does not beat the best fixed layer, 20"));
  EXPECT_THAT(sentence, HasSubstr("the interval includes 0: Top-1"));
}

TEST(Verdict, CallsALossALoss) {
  const std::vector rows = {policy("fixed", 2.5), policy("w2s-top3", 2.3, Interval{-0.2, -0.3, -0.1})};
  const auto sentence = verdict(rows, nullptr);
  EXPECT_THAT(sentence, HasSubstr("does not beat"));
  EXPECT_THAT(sentence, HasSubstr("worse: Top-3"));
}

TEST(Verdict, TellsEachOfSeveralPredictorsApart) {
  const std::vector rows = {policy("fixed", 2.5), policy("w2s-top1", 2.6, Interval{0.1, 0.02, 0.18}),
                            policy("w2s-top2", 2.5, Interval{0.0, -0.1, 0.1}),
                            policy("w2s-top3", 2.3, Interval{-0.2, -0.3, -0.1})};
  const auto sentence = verdict(rows, nullptr);
  EXPECT_THAT(sentence, HasSubstr("better than the best fixed layer, 20: Top-1 ("));
  EXPECT_THAT(sentence, HasSubstr("includes 0: Top-2 ("));
  EXPECT_THAT(sentence, HasSubstr("worse: Top-3 ("));
}

TEST(Verdict, JudgesExpectedSteerabilityLikeTheOthers) {
  const std::vector rows = {policy("fixed", 2.5), policy("w2s-top1", 2.5, Interval{0.0, -0.1, 0.1}),
                            policy("w2s-expected", 2.7, Interval{0.2, 0.1, 0.3})};
  EXPECT_THAT(verdict(rows, nullptr),
              HasSubstr("better than the best fixed layer, 20: expected steerability (+0.200 [+0.100, +0.300])"));
}

TEST(Verdict, DoesNotTrustAGainBelowTheNoiseFloor) {
  const std::vector rows = {policy("fixed", 2.5), policy("w2s-top1", 2.6, Interval{0.1, 0.02, 0.18})};
  const NoiseFloor loud{.samples = 4, .propensity = 1, .steerability = 0.3, .best_layer_changes = 2};
  const NoiseFloor calm{.samples = 4, .propensity = 1e-5, .steerability = 1e-5, .best_layer_changes = 0};
  EXPECT_THAT(verdict(rows, &loud), HasSubstr("smaller than the noise floor"));
  EXPECT_THAT(verdict(rows, &calm), Not(HasSubstr("noise floor")));
}

StudyOutcome two_behaviors() {
  auto other = policy("fixed", 1.0);
  other.behavior = "narcissism";
  auto mean = policy("fixed", 1.75);
  mean.behavior = "mean";
  mean.layer.reset();
  return {.results = {policy("fixed", 2.5), other, mean},
          .noise = {{"openness", NoiseFloor{.samples = 4, .propensity = 0.25, .steerability = 0.125}}}};
}

TEST(OutcomeReport, NamesBehavioursOnlyWhereThereAreSeveral) {
  const auto one = outcome_report({.results = {policy("fixed", 2.5), policy("optimum", 3)}, .noise = {}});
  EXPECT_THAT(render_text(one.table), Not(HasSubstr("openness")));
  const auto several = outcome_report(two_behaviors());
  EXPECT_THAT(render_text(several.table), HasSubstr("narcissism"));
  EXPECT_THAT(render_text(several.table), HasSubstr("mean"));
}

TEST(OutcomeReport, JudgesEachBehaviourButNotTheirMean) {
  const auto notes = outcome_report(two_behaviors()).notes;
  EXPECT_THAT(notes, HasSubstr("openness: W2S"));
  EXPECT_THAT(notes, HasSubstr("narcissism: W2S"));
  EXPECT_THAT(notes, Not(HasSubstr("mean: W2S")));
  EXPECT_THAT(notes, HasSubstr("Noise floor of openness: propensity within 0.25 logits, steerability within 0.12"));
}

TEST(OutcomeReport, ShowsASteeredAnswerBesideTheUnsteeredOne) {
  StudyOutcome outcome{.results = {policy("fixed", 2.5)}, .noise = {}};
  outcome.example = SteeredExample{.behavior = "openness",
                                   .prompt =
                                       "The\x1b"
                                       "soup\nwas",
                                   .layer = 7,
                                   .answers = {{-1.5F, " cold."}, {0.0F, " soup."}, {1.5F, " great."}}};
  EXPECT_THAT(outcome_report(outcome).notes, HasSubstr("openness, steered at layer 7, which the predictor chose"));
  EXPECT_THAT(outcome_report(outcome).notes, HasSubstr("  prompt            The soup was\n"
                                                       "  steered by -1.5   cold.\n"
                                                       "  unsteered         soup.\n"
                                                       "  steered by +1.5   great.\n"));
}

TEST(OutcomeReport, ShowsDeviationsWhereThereAreAny) {
  auto row = policy("w2s-top1", 2.5);
  row.steerability_sd = 0.25;
  row.proportion_sd = 0.01;
  row.accuracy = 0.5;
  const auto text = render_text(outcome_report({.results = {row}, .noise = {}}).table);
  EXPECT_THAT(text, HasSubstr("2.500 ± 0.250"));
  EXPECT_THAT(text, HasSubstr("90.0 ± 1.0%"));
  EXPECT_THAT(text, HasSubstr("50.0%"));
}

TEST(OutcomeReport, ShowsRegretsWithTheDigitsOfSteerabilities) {
  auto row = policy("w2s-expected", 2.5);
  row.regret = 0.03125;
  const auto report = outcome_report({.results = {row, policy("fixed", 2.4)}, .noise = {}});
  EXPECT_THAT(render_text(report.table), HasSubstr("0.031"));
  EXPECT_THAT(render_text(report.table), HasSubstr("regret"));
  const auto records = records_of(report.table);
  const auto column = std::ranges::find(records.fields, "regret") - records.fields.begin();
  EXPECT_EQ(records.rows.at(0).at(static_cast<std::size_t>(column)), Datum(0.03125));
  EXPECT_EQ(records.rows.at(1).at(static_cast<std::size_t>(column)), Datum());
}

TEST(OutcomeReport, ShowsSmallSteerabilitiesWithMoreDecimals) {
  const auto text = render_text(outcome_report({.results = {policy("fixed", 0.01234)}, .noise = {}}).table);
  EXPECT_THAT(text, HasSubstr("0.01234"));
}

TEST(OutcomeReport, KeepsNumbersExactInCsv) {
  const auto csv =
      render_outcome({.results = {policy("w2s-top1", 1.0 / 3, Interval{0.1, 0.05, 0.15})}, .noise = {}}, Format::csv);
  EXPECT_THAT(csv, HasSubstr("behavior,method,variant,split,policy,layer,samples,steerability"));
  EXPECT_THAT(csv, HasSubstr("0.3333333333333333,"));
  EXPECT_THAT(csv, HasSubstr("0.1,0.05,0.15"));
}

TEST(OutcomeReport, IsTheContentOfResultsJsonInJson) {
  const auto outcome = two_behaviors();
  const auto read_back = results_from_json(render_outcome(outcome, Format::json));
  ASSERT_EQ(read_back.size(), 3U);
  EXPECT_EQ(read_back[1].behavior, "narcissism");
}

}  // namespace
}  // namespace w2s::cli
