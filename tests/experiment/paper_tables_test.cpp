#include "w2s/experiment.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace w2s {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const Cell& cell, const Notation& notation = {}) {
  const auto text = to_text(cell, notation);
  return text.empty() ? "nothing" : text;
}

const PaperTable& find(const std::vector<PaperTable>& tables, const std::string& id) {
  const auto found = std::ranges::find(tables, id, &PaperTable::id);
  if (found == tables.end()) throw std::out_of_range("no table " + id);
  return *found;
}

std::vector<std::string> columns_of(const PaperTable& paper) {
  std::vector<std::string> headings;
  for (const auto& column : paper.table.columns) headings.push_back(column.heading);
  return headings;
}

// The cell, as people read it, of the only row that has the keys.
std::string at(const PaperTable& paper, const std::map<std::string, std::string>& keys, const std::string& column) {
  const auto columns = columns_of(paper);
  const auto text_in = [&](const std::vector<Cell>& row, const std::string& name) {
    const auto found = std::ranges::find(columns, name);
    if (found == columns.end()) throw std::out_of_range("no column " + name);
    const auto i = static_cast<std::size_t>(found - columns.begin());
    return text_of(row[i], paper.table.columns[i].notation);
  };
  std::vector<std::string> found;
  for (const auto& row : paper.table.rows) {
    const auto has = [&](const auto& key) { return text_in(row, key.first) == key.second; };
    if (std::ranges::all_of(keys, has)) found.push_back(text_in(row, column));
  }
  return found.size() == 1 ? found.front() : fmt::format("{} rows", found.size());
}

PolicyResult result(const std::string& behavior, const std::string& method, const std::string& policy,
                    double steerability, double proportion) {
  PolicyResult row;
  row.behavior = behavior;
  row.method = method;
  row.policy = policy;
  row.samples = 10;
  row.steerability = steerability;
  row.proportion_steerable = proportion;
  return row;
}

std::vector<PolicyResult> in_variant(std::vector<PolicyResult> rows, const std::string& variant) {
  for (auto& row : rows) row.variant = variant;
  return rows;
}

LayerAnalysis analysis(const std::string& behavior, const std::string& method) {
  LayerAnalysis analysis;
  analysis.behavior = behavior;
  analysis.method = method;
  analysis.layers = {3, 4, 9};
  analysis.fitting_mean = {0.5, 1.5, -0.25};
  analysis.fixed_layer = 4;
  analysis.test_samples = 4;
  analysis.best_count = {1, 2, 1};
  analysis.distance_from_fixed = 1.5;
  analysis.fixed = 2;
  analysis.kth_best = {3, 1.75, 1, std::nullopt};
  analysis.gain = {0, 4, 0, 1};
  analysis.labels = {{.top_k = 1, .layers = 30, .accuracy = 0.25}, {.top_k = 2, .layers = 20, .accuracy = 0.5}};
  return analysis;
}

EncoderSpace space(const std::string& encoder, double silhouette) {
  return {.encoder = encoder,
          .width = 3072,
          .silhouette = silhouette,
          .points = {{.behavior = "openness", .sample = "17", .umap = {0.5, -2}}}};
}

// Two behaviours; seeds differ by `shift` in every steerability.
StudyFindings everything(const std::string& model, std::uint64_t seed, double shift = 0) {
  StudyFindings findings{.model = model, .seed = seed, .results = {}};
  for (const auto& [behavior, more] : {std::pair<std::string, double>{"openness", 0}, {"myopic", 1}}) {
    const double base = 1 + more + shift;
    const std::vector<PolicyResult> compared = {
        result(behavior, "caa", "fixed", base, 0.5), result(behavior, "caa", "w2s-top1", base + 0.25, 0.75),
        result(behavior, "l2s", "fixed", base + 1, 0.625), result(behavior, "l2s", "w2s-top1", base + 2, 0.875)};
    findings.results.insert(findings.results.end(), compared.begin(), compared.end());
    findings.results.push_back(result(behavior, "oracle", "fixed", 50, 1));
    auto expected = result(behavior, "caa", "w2s-expected", base + 0.5, 0.75);
    expected.regret = 0.125 + more;
    expected.accuracy = 0.5;
    findings.results.push_back(expected);
    findings.results.push_back(result(behavior, "caa", "w2s-top3", base + 0.75, 0.75));
    for (const char* variant : {"SYS.NEG", "SYS.POS", "USER.NEG", "USER.POS"}) {
      const auto rows = in_variant(compared, variant);
      findings.results.insert(findings.results.end(), rows.begin(), rows.end());
    }
    for (const char* method : {"caa", "l2s", "oracle"}) findings.analyses.push_back(analysis(behavior, method));
    findings.encoders.push_back({.encoder = "first-last",
                                 .behavior = behavior,
                                 .method = "caa",
                                 .cv_accuracy = 0.25 + more / 2,
                                 .cv_steerability = 1.5,
                                 .test_accuracy = 0.5,
                                 .test_steerability = 2});
  }
  // As run_study returns them.
  const auto means = mean_over_behaviors(findings.results);
  findings.results.insert(findings.results.end(), means.begin(), means.end());
  findings.spaces = {space("text-embedding-3-large", 0.5 + shift), space("first-last", 0.125)};
  return findings;
}

std::vector<PaperTable> tables_of(std::vector<StudyFindings> findings) { return paper_tables(findings); }

std::vector<std::string> ids_of(const std::vector<PaperTable>& tables) {
  std::vector<std::string> ids;
  for (const auto& table : tables) ids.push_back(table.id);
  return ids;
}

TEST(PaperTables, AreAllThereInThePapersOrder) {
  const auto tables = tables_of({everything("SmolLM2", 0)});
  EXPECT_THAT(ids_of(tables),
              ElementsAre("figure1", "figure1-layers", "table1", "figure3", "figure4", "table2", "supp-figures1-2",
                          "supp-figures3-4", "supp-figures5-6", "supp-figures7-8", "supp-figure9",
                          "supp-figure9-points", "supp-figures10-11", "supp-figures14-15", "supp-figures16-17",
                          "supp-table4", "supp-figure18", "supp-table3", "supp-figures19-22"));
  for (const auto& [id, title, notes, table] : tables) {
    EXPECT_THAT(title, HasSubstr("the paper's")) << id;
    EXPECT_EQ(title.find('\n'), std::string::npos) << id;
    for (const auto& row : table.rows) EXPECT_EQ(row.size(), table.columns.size()) << id;
  }
}

TEST(PaperTables, OfNothingAreNone) {
  EXPECT_TRUE(tables_of({}).empty());
  EXPECT_TRUE(tables_of({StudyFindings{.model = "SmolLM2", .seed = 0, .results = {}}}).empty());
}

TEST(PaperTables, WithoutFindingsAreLeftOut) {
  StudyFindings findings{.model = "m", .seed = 0, .results = {result("openness", "caa", "fixed", 1, 0.5)}};
  EXPECT_THAT(ids_of(tables_of({findings})),
              ElementsAre("table1", "figure3", "figure4", "supp-table3", "supp-figures19-22"));
  findings.results = in_variant(findings.results, "SYS.NEG");
  EXPECT_THAT(ids_of(tables_of({findings})), ElementsAre("table2", "supp-figures1-2"));
  findings.results.clear();
  findings.spaces = {space("first-last", 0.5)};
  findings.spaces.front().points.clear();
  EXPECT_THAT(ids_of(tables_of({findings})), ElementsAre("supp-figure9"));
}

TEST(Table1, HasMeansOverBehavioursWithoutADeviationOfOneSeed) {
  const auto tables = tables_of({everything("SmolLM2", 0)});
  const auto& table = find(tables, "table1");
  EXPECT_THAT(columns_of(table), ElementsAre("model", "method", "steerability", "proportion_steerable", "seeds"));
  ASSERT_EQ(table.table.rows.size(), 4U) << "the oracle was only brought along";
  EXPECT_EQ(at(table, {{"method", "CAA w/ Fixed Layer"}}, "steerability"), "1.500");
  EXPECT_EQ(at(table, {{"method", "CAA w/ W2S"}}, "steerability"), "1.750");
  EXPECT_EQ(at(table, {{"method", "L2S w/ W2S"}}, "steerability"), "3.500");
  EXPECT_EQ(at(table, {{"method", "L2S w/ W2S"}}, "proportion_steerable"), "0.875");
  EXPECT_THAT(table.notes, HasSubstr("SmolLM2: 2 behaviors, seed 0."));
}

TEST(Table1, HasMeansAndDeviationsOverSeeds) {
  // Seeds' means over behaviours: 1.5, 1.75, 2.5; mean 1.91667, squares 0.17361 + 0.02778 + 0.34028, over 2: 0.27083.
  const auto tables =
      tables_of({everything("SmolLM2", 3), everything("SmolLM2", 4, 0.25), everything("SmolLM2", 7, 1)});
  const auto& table = find(tables, "table1");
  ASSERT_EQ(table.table.rows.size(), 4U);
  EXPECT_EQ(at(table, {{"method", "CAA w/ Fixed Layer"}}, "steerability"), "1.917 (0.520)");
  EXPECT_EQ(at(table, {{"method", "CAA w/ Fixed Layer"}}, "proportion_steerable"), "0.500 (0.000)");
  EXPECT_THAT(table.notes, HasSubstr("SmolLM2: 2 behaviors, seeds 3, 4, 7."));
}

TEST(Table1, HasThePapersNumbersBesideItsModels) {
  const auto tables = tables_of({everything("Qwen-1.5-14B-chat", 0), everything("SmolLM2", 0)});
  const auto& table = find(tables, "table1");
  ASSERT_EQ(table.table.rows.size(), 8U);
  const std::map<std::string, std::string> qwen = {{"model", "Qwen-1.5-14B-chat"}, {"method", "L2S w/ W2S"}};
  EXPECT_EQ(at(table, qwen, "steerability"), "3.500");
  EXPECT_EQ(at(table, qwen, "paper_steerability"), "2.071 (0.035)");
  EXPECT_EQ(at(table, qwen, "paper_proportion_steerable"), "0.918 (0.010)");
  EXPECT_EQ(at(table, {{"model", "SmolLM2"}, {"method", "L2S w/ W2S"}}, "paper_steerability"), "nothing");
  EXPECT_THAT(table.notes, HasSubstr("13 behaviors"));
}

TEST(Table1, OfOneBehaviourAndSeedHasItsDeviationOverPredictorSeeds) {
  auto row = result("openness", "caa", "w2s-top1", 0.0125, 0.5);
  row.steerability_sd = 0.0025;
  row.proportion_sd = 0.0625;
  const auto tables = tables_of({StudyFindings{.model = "m", .seed = 0, .results = {row}}});
  EXPECT_EQ(at(find(tables, "table1"), {}, "steerability"), "0.01250 (0.00250)") << "small ones with more digits";
  EXPECT_EQ(at(find(tables, "table1"), {}, "proportion_steerable"), "0.500 (0.062)");
}

TEST(Table1, HasNumbersForPrograms) {
  const auto one_seed = tables_of({everything("SmolLM2", 0)});
  EXPECT_THAT(records_of(find(one_seed, "table1").table).fields,
              ElementsAre("model", "method", "steerability", "proportion_steerable", "seeds"));
  const auto tables = tables_of({everything("Qwen1.5-14B-Chat", 3), everything("Qwen1.5-14B-Chat", 4, 0.5)});
  const auto records = records_of(find(tables, "table1").table);
  EXPECT_THAT(records.fields,
              ElementsAre("model", "method", "steerability", "steerability_sd", "proportion_steerable",
                          "proportion_steerable_sd", "seeds", "paper_steerability", "paper_steerability_sd",
                          "paper_proportion_steerable", "paper_proportion_steerable_sd"));
  EXPECT_EQ(records.rows.at(0).at(2), Datum(1.75));
  EXPECT_NEAR(std::get<double>(records.rows.at(0).at(3)), std::sqrt(0.125), 1e-12);
  EXPECT_EQ(records.rows.at(3).at(7), Datum(2.071));
}

TEST(Table1, CountsOnlySeedsWithAllBehaviours) {
  auto unfinished = everything("SmolLM2", 1, 1);
  std::erase_if(unfinished.results, [](const auto& row) { return row.behavior != "openness"; });
  const auto tables = tables_of({everything("SmolLM2", 0), unfinished});
  EXPECT_EQ(at(find(tables, "table1"), {{"method", "CAA w/ Fixed Layer"}}, "steerability"), "1.500");
  EXPECT_EQ(at(find(tables, "table1"), {{"method", "CAA w/ Fixed Layer"}}, "seeds"), "1");
  EXPECT_EQ(at(find(tables, "figure3"), {{"behavior", "openness"}, {"method", "caa"}, {"policy", "fixed"}}, "seeds"),
            "2");
}

TEST(Table1, ShowsTheOracleWhereNothingBroughtItAlong) {
  const auto tables = tables_of({StudyFindings{
      .model = "m", .seed = 0, .results = {result("a", "oracle", "fixed", 5, 1), result("a", "caa", "fixed", 4, 1)}}});
  EXPECT_EQ(at(find(tables, "table1"), {{"method", "oracle w/ Fixed Layer"}}, "steerability"), "5.000");
}

TEST(Table2, HasAColumnPairAVariantAndThePapersRowUnderOurs) {
  auto llama = everything("Llama-2-7B-Chat", 0);
  for (auto& row : llama.results)
    if (row.variant == "USER.NEG") row.steerability -= 2;
  const auto tables = tables_of({llama});
  const auto& table = find(tables, "table2");
  EXPECT_THAT(columns_of(table), ElementsAre("model", "method", "numbers", "SYS.POS steerability", "SYS.POS proportion",
                                             "SYS.NEG steerability", "SYS.NEG proportion", "USER.POS steerability",
                                             "USER.POS proportion", "USER.NEG steerability", "USER.NEG proportion"));
  ASSERT_EQ(table.table.rows.size(), 8U);
  const auto cell = [&](const char* numbers, const char* column) {
    return at(table, {{"method", "CAA w/ W2S"}, {"numbers", numbers}}, column);
  };
  EXPECT_EQ(cell("measured", "SYS.POS steerability"), "1.750");
  EXPECT_EQ(cell("measured", "USER.NEG steerability"), "-0.250");
  EXPECT_EQ(cell("paper", "SYS.NEG steerability"), "1.902 (0.046)");
  EXPECT_EQ(cell("paper", "USER.NEG proportion"), "0.741 (0.014)");
  EXPECT_EQ(text_of(table.table.rows[0][2]), "measured");
  EXPECT_EQ(text_of(table.table.rows[1][2]), "paper");
}

TEST(Table2, PrintsThePapersNumbersAsThePaperDoesBesideSmallOnes) {
  auto llama = everything("Llama-2-7B-Chat", 0);
  for (auto& row : llama.results) row.steerability /= 1000;
  const auto tables = tables_of({llama});
  const std::map<std::string, std::string> keys = {{"method", "CAA w/ W2S"}, {"numbers", "paper"}};
  EXPECT_EQ(at(find(tables, "table2"), keys, "SYS.NEG steerability"), "1.902 (0.046)");
  EXPECT_EQ(at(find(tables, "table1"), {{"method", "CAA w/ Fixed Layer"}}, "steerability"), "0.001500");
}

TEST(Table2, HasOnlyTheVariantsThereAre) {
  auto findings = everything("SmolLM2", 0);
  std::erase_if(findings.results, [](const auto& row) { return row.variant.starts_with("USER"); });
  const auto tables = tables_of({findings});
  EXPECT_THAT(columns_of(find(tables, "table2")),
              ElementsAre("model", "method", "SYS.POS steerability", "SYS.POS proportion", "SYS.NEG steerability",
                          "SYS.NEG proportion"));
  EXPECT_THAT(ids_of(tables), Not(Contains("supp-figures5-6")));
}

TEST(SuppTable3, HasAllPoliciesWithRegretAndThePapersNumbers) {
  const auto tables = tables_of({everything("Llama-2-7B-Chat", 0)});
  const auto& table = find(tables, "supp-table3");
  const std::map<std::string, std::string> expected = {{"method", "CAA"}, {"policy", "Expected steerability"}};
  EXPECT_EQ(at(table, expected, "steerability"), "2.000");
  EXPECT_EQ(at(table, expected, "regret"), "0.625");
  EXPECT_EQ(at(table, expected, "accuracy"), "0.500");
  EXPECT_EQ(at(table, expected, "paper_steerability"), "nothing");
  const std::map<std::string, std::string> top3 = {{"method", "CAA"}, {"policy", "Top-3"}};
  EXPECT_EQ(at(table, top3, "steerability"), "2.250");
  EXPECT_EQ(at(table, top3, "regret"), "nothing");
  EXPECT_EQ(at(table, top3, "paper_steerability"), "1.538 (0.028)");
  EXPECT_EQ(at(table, top3, "paper_proportion_steerable"), "0.856 (0.008)");
}

TEST(SuppTable4, HasLabelLayersByKAndThePapersBesideCaa) {
  auto second = everything("Llama-2-7B-Chat", 1);
  for (auto& one : second.analyses) one.labels[0].layers = one.behavior == "openness" ? 28 : 29;
  const auto tables = tables_of({everything("Llama-2-7B-Chat", 0), second});
  const auto& table = find(tables, "supp-table4");
  const std::map<std::string, std::string> openness = {{"behavior", "openness"}, {"method", "caa"}};
  EXPECT_EQ(at(table, openness, "layers"), "3");
  EXPECT_EQ(at(table, openness, "top1"), "29");
  EXPECT_EQ(at(table, openness, "top1_sd"), "1.41421");
  EXPECT_EQ(at(table, openness, "top2"), "20");
  EXPECT_EQ(at(table, openness, "paper_top1"), "25");
  EXPECT_EQ(at(table, openness, "paper_top2"), "18");
  EXPECT_EQ(at(table, {{"behavior", "openness"}, {"method", "l2s"}}, "paper_top1"), "nothing");
  const std::map<std::string, std::string> mean = {{"behavior", "mean"}, {"method", "caa"}};
  EXPECT_EQ(at(table, mean, "top1"), "29.25") << "seeds: 30 and 28.5";
  EXPECT_EQ(at(table, mean, "paper_top1"), "24.3");
  EXPECT_EQ(at(table, {{"behavior", "mean"}, {"method", "oracle"}}, "top1"), "0 rows");
}

TEST(Figure1, TellsTheGainOfTheBestLayerAndItsDistance) {
  auto findings = everything("Llama-2-7B-Chat", 0);
  for (auto& one : findings.analyses) {
    if (one.behavior != "myopic") continue;
    one.fixed = -0.5;
    one.kth_best[0] = 1;
    one.distance_from_fixed = 4;
  }
  const auto tables = tables_of({findings});
  const auto& table = find(tables, "figure1");
  const std::map<std::string, std::string> openness = {{"behavior", "openness"}, {"method", "caa"}};
  EXPECT_EQ(at(table, openness, "fixed_layer"), "4");
  EXPECT_EQ(at(table, openness, "gain"), "1");
  EXPECT_EQ(at(table, openness, "gain_percent"), "50");
  EXPECT_EQ(at(table, openness, "gain_lower_quartile"), "0");
  EXPECT_EQ(at(table, openness, "gain_median"), "0.5");
  EXPECT_EQ(at(table, openness, "gain_upper_quartile"), "1.75");
  EXPECT_EQ(at(table, openness, "distance_from_fixed"), "1.5");
  EXPECT_EQ(at(table, openness, "paper_gain_percent"), "nothing");
  EXPECT_EQ(at(table, {{"behavior", "myopic"}, {"method", "caa"}}, "gain_percent"), "nothing")
      << "of a fixed layer that does not steer";
  const std::map<std::string, std::string> mean = {{"behavior", "mean"}, {"method", "caa"}};
  // (3 + 1) / 2 over (2 - 0.5) / 2
  EXPECT_EQ(at(table, mean, "fixed_layer"), "nothing");
  EXPECT_EQ(at(table, mean, "gain_percent"), "166.667");
  EXPECT_EQ(at(table, mean, "distance_from_fixed"), "2.75");
  EXPECT_EQ(at(table, mean, "paper_gain_percent"), "55");
  EXPECT_EQ(at(table, mean, "paper_distance_from_fixed"), "3.8");
  EXPECT_EQ(at(table, {{"behavior", "mean"}, {"method", "l2s"}}, "paper_gain_percent"), "nothing");
  EXPECT_THAT(table.notes, HasSubstr("Llama-2-7B-Chat: 2 behaviors"));
}

TEST(Figure1, HasAHistogramOfBestLayers) {
  const auto tables = tables_of({everything("SmolLM2", 0)});
  const auto& table = find(tables, "figure1-layers");
  const std::map<std::string, std::string> layer = {{"behavior", "myopic"}, {"method", "caa"}, {"layer", "4"}};
  EXPECT_EQ(at(table, layer, "inputs"), "2");
  EXPECT_EQ(at(table, layer, "share"), "0.5");
  EXPECT_EQ(at(table, layer, "is_fixed"), "1");
  EXPECT_EQ(at(table, {{"behavior", "myopic"}, {"method", "caa"}, {"layer", "9"}}, "is_fixed"), "0");
}

TEST(FiguresByBehaviour, HaveARowAPolicyWithTheDeviationOverSeeds) {
  const auto tables = tables_of({everything("SmolLM2", 0), everything("SmolLM2", 1, 0.5)});
  const std::map<std::string, std::string> keys = {{"behavior", "myopic"}, {"method", "caa"}, {"policy", "w2s-top1"}};
  EXPECT_THAT(columns_of(find(tables, "figure3")),
              ElementsAre("model", "behavior", "method", "policy", "steerability", "steerability_sd", "seeds"));
  EXPECT_EQ(at(find(tables, "figure3"), keys, "steerability"), "2.5");
  EXPECT_EQ(at(find(tables, "figure3"), keys, "steerability_sd"), "0.353553");
  EXPECT_EQ(at(find(tables, "figure4"), keys, "proportion_steerable"), "0.75");
  EXPECT_EQ(at(find(tables, "supp-figures19-22"), {{"behavior", "myopic"}, {"method", "caa"}, {"policy", "w2s-top3"}},
               "steerability"),
            "3");
  EXPECT_EQ(at(find(tables, "figure3"), {{"behavior", "mean"}}, "steerability"), "0 rows") << "that is Table 1";
}

TEST(FiguresByBehaviour, KeepTheVariantsApart) {
  auto findings = everything("SmolLM2", 0);
  const std::map<std::string, double> steerability = {
      {"SYS.NEG", 1}, {"SYS.POS", 2}, {"USER.NEG", 3}, {"USER.POS", 4}, {"BASE", 5}};
  for (auto& row : findings.results) row.steerability = steerability.at(row.variant);
  const auto tables = tables_of({findings});
  const std::map<std::string, std::string> keys = {{"behavior", "myopic"}, {"method", "caa"}, {"policy", "fixed"}};
  EXPECT_EQ(at(find(tables, "supp-figures1-2"), keys, "steerability"), "1");
  EXPECT_EQ(at(find(tables, "supp-figures3-4"), keys, "steerability"), "2");
  EXPECT_EQ(at(find(tables, "supp-figures5-6"), keys, "steerability"), "3");
  EXPECT_EQ(at(find(tables, "supp-figures7-8"), keys, "steerability"), "4");
  EXPECT_EQ(at(find(tables, "figure3"), keys, "steerability"), "5");
}

TEST(FiguresOfLayers, HaveTheOracleWhereTheFixedLayerIsChosen) {
  const auto tables = tables_of({everything("SmolLM2", 0)});
  const auto& by_layer = find(tables, "supp-figures14-15");
  EXPECT_EQ(at(by_layer, {{"behavior", "myopic"}, {"method", "oracle"}, {"layer", "9"}}, "steerability"), "-0.25");
  EXPECT_EQ(at(by_layer, {{"behavior", "mean"}, {"method", "caa"}, {"layer", "4"}}, "steerability"), "1.5");
}

TEST(FiguresOfLayers, RankEachInputsLayers) {
  const auto tables = tables_of({everything("SmolLM2", 0)});
  const auto& ranked = find(tables, "supp-figures16-17");
  const auto cell = [&](const char* layer) {
    return at(ranked, {{"behavior", "mean"}, {"method", "caa"}, {"layer_of_each_input", layer}}, "steerability");
  };
  EXPECT_EQ(cell("fixed"), "2");
  EXPECT_EQ(cell("best"), "3");
  EXPECT_EQ(cell("2nd best"), "1.75");
  EXPECT_EQ(cell("4th best"), "0 rows") << "three layers were swept";
  EXPECT_EQ(
      at(find(tables, "supp-figure18"), {{"behavior", "openness"}, {"method", "caa"}, {"top_k", "2"}}, "accuracy"),
      "0.5");
}

TEST(EncoderTables, CompareEncodersWithThePapersSilhouette) {
  const auto tables = tables_of({everything("Qwen1.5-14B-Chat", 0), everything("Qwen1.5-14B-Chat", 1, 0.25)});
  const auto& silhouettes = find(tables, "supp-figure9");
  EXPECT_EQ(at(silhouettes, {{"encoder", "text-embedding-3-large"}}, "silhouette"), "0.625");
  EXPECT_EQ(at(silhouettes, {{"encoder", "text-embedding-3-large"}}, "silhouette_sd"), "0.176777");
  EXPECT_EQ(at(silhouettes, {{"encoder", "text-embedding-3-large"}}, "paper_silhouette"), "0.62");
  EXPECT_EQ(at(silhouettes, {{"encoder", "first-last"}}, "paper_silhouette"), "nothing");
  EXPECT_THAT(columns_of(silhouettes), Not(Contains("behavior")));
  EXPECT_EQ(at(find(tables, "supp-figure9-points"), {{"encoder", "first-last"}, {"seed", "1"}}, "umap_2"), "-2");
  const auto& accuracy = find(tables, "supp-figures10-11");
  EXPECT_EQ(at(accuracy, {{"behavior", "myopic"}, {"encoder", "first-last"}}, "cv_accuracy"), "0.75");
  EXPECT_EQ(at(accuracy, {{"behavior", "mean"}, {"encoder", "first-last"}}, "cv_accuracy"), "0.5");
  EXPECT_EQ(at(accuracy, {{"behavior", "mean"}, {"encoder", "first-last"}}, "test_steerability"), "2");
}

TEST(PaperTables, KeepModelsTogetherWhateverTheOrderOfStudies) {
  const auto tables = tables_of({everything("b", 0), everything("a", 0), everything("b", 1), everything("a", 1)});
  std::vector<std::string> models;
  for (const auto& row : find(tables, "table1").table.rows) models.push_back(text_of(row[0]));
  EXPECT_THAT(models, ElementsAre("b", "b", "b", "b", "a", "a", "a", "a"));
}

}  // namespace
}  // namespace w2s
