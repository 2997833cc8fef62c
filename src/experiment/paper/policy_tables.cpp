// Tables in the shape of the paper's, with means over behaviours.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "experiment/paper/builders.h"
#include "experiment/paper/paper_numbers.h"
#include "experiment/paper/policies.h"

namespace w2s::paper {
namespace {

constexpr auto compared_policies = std::to_array<std::string_view>({"fixed", "w2s-top1"});
constexpr auto shifted_variants = std::to_array<std::string_view>({"SYS.POS", "SYS.NEG", "USER.POS", "USER.NEG"});
constexpr int decimals_in_paper = 3;

constexpr const char* spread_note =
    "Means over behaviors of the seeds that have all of them; in parentheses, the standard deviation over seeds, or, "
    "of a single behavior's single seed, the one over predictor seeds.\n";

template <typename Range>
bool is_one_of(const std::string& text, const Range& range) {
  return std::ranges::find(range, text) != std::ranges::end(range);
}

struct MeanTable {
  std::vector<Summary> summaries;  // of behaviour "mean"
  std::string notes;
  int decimals = decimals_in_paper;  // of steerabilities
};

// The paper's three decimals, more for a model that hardly reacts.
int decimals_for_all(std::span<const Summary> summaries) {
  double largest = 0;
  for (const auto& summary : summaries)
    largest = std::max(largest, std::abs(summary.numbers[steerability_measure].value.value_or(0)));
  return decimals_for(largest, decimals_in_paper);
}

template <typename Wanted>
MeanTable mean_table(Findings findings, Wanted is_wanted) {
  const auto observations = policy_observations(findings);
  MeanTable table{.summaries = over_seeds(mean_over_behaviors(observations)), .notes = {}};
  std::erase_if(table.summaries, [&](const Summary& summary) { return !is_wanted(summary); });
  const bool has_paper_model =
      std::ranges::any_of(table.summaries, [](const Summary& row) { return model_name(row.model).has_value(); });
  table.notes = spread_note + coverage(observations);
  if (has_paper_model) table.notes += "The paper's numbers are means over its 13 behaviors.\n";
  table.decimals = decimals_for_all(table.summaries);
  return table;
}

// "1.259 (0.014)" for people.
Column spread_column(std::string name, int decimals) {
  auto column = column_named(std::move(name), w2s::decimals(decimals));
  column.notation.sd_is_in_parentheses = true;
  column.parts = Column::Parts::spread;
  return column;
}

Cell spread_cell(const Number& number) {
  return number.value ? Cell(Spread{.value = *number.value, .sd = number.sd}) : Cell();
}

Cell printed_cell(double value, double sd) { return Spread{.value = value, .sd = sd, .decimals = decimals_in_paper}; }

const PolicyNumbers* published(const Summary& summary, std::string_view variant) {
  return find_policy(summary.model, key_text(summary, method_key), variant, key_text(summary, policy_key));
}

Cell published_steerability(const PolicyNumbers* numbers) {
  return numbers == nullptr ? Cell() : printed_cell(numbers->steerability, numbers->steerability_sd);
}

Cell published_proportion(const PolicyNumbers* numbers) {
  return numbers == nullptr ? Cell() : printed_cell(numbers->proportion, numbers->proportion_sd);
}

std::string row_title(const Summary& summary) {
  return fmt::format("{} w/ {}", method_title(key_text(summary, method_key)),
                     key_text(summary, policy_key) == "fixed" ? "Fixed Layer" : "W2S");
}

using Cells = std::vector<Cell>;

// A row of Table 2: all variants of one model, method and policy.
struct ShiftedRow {
  const Summary* first = nullptr;
  Cells measured = Cells(2 * shifted_variants.size());
  Cells published = Cells(2 * shifted_variants.size());
};

bool belongs_to(const Summary& summary, const ShiftedRow& row) {
  return summary.model == row.first->model && summary.keys[method_key] == row.first->keys[method_key] &&
         summary.keys[policy_key] == row.first->keys[policy_key];
}

std::vector<ShiftedRow> shifted_rows(const MeanTable& means) {
  std::vector<ShiftedRow> rows;
  for (const auto& summary : means.summaries) {
    auto row = std::ranges::find_if(rows, [&](const ShiftedRow& candidate) { return belongs_to(summary, candidate); });
    if (row == rows.end()) row = rows.insert(rows.end(), ShiftedRow{.first = &summary});
    const auto* const variant = std::ranges::find(shifted_variants, key_text(summary, variant_key));
    const auto column = 2 * static_cast<std::size_t>(variant - shifted_variants.begin());
    row->measured[column] = spread_cell(summary.numbers[steerability_measure]);
    row->measured[column + 1] = spread_cell(summary.numbers[proportion_measure]);
    const auto* const numbers = published(summary, *variant);
    row->published[column] = published_steerability(numbers);
    row->published[column + 1] = published_proportion(numbers);
  }
  return rows;
}

void add_row(Table& table, Cells head, const Cells& numbers) {
  head.insert(head.end(), numbers.begin(), numbers.end());
  table.rows.push_back(std::move(head));
}

Field<Summary> measured(PolicyMeasure measure, int decimals = decimals_in_paper) {
  return {spread_column(std::string(policy_measures[measure]), decimals),
          [measure](const Summary& summary) { return spread_cell(summary.numbers[measure]); }};
}

Field<Summary> of_paper(PolicyMeasure measure, Cell (*published_number)(const PolicyNumbers*)) {
  return {spread_column(fmt::format("paper_{}", policy_measures[measure]), decimals_in_paper),
          [published_number](const Summary& summary) { return published_number(published(summary, "BASE")); }};
}

Field<Summary> text(std::string name, std::string (*text_of)(const Summary&)) {
  return {column_named(std::move(name)), [text_of](const Summary& summary) { return Cell(text_of(summary)); }};
}

PaperTable table_of_means(const MeanTable& means, Fields<Summary> fields) {
  fields.insert(fields.begin(), {column_named("model"), &Summary::model});
  fields.push_back({column_named("seeds"), &Summary::seeds});
  fields.push_back(of_paper(steerability_measure, published_steerability));
  fields.push_back(of_paper(proportion_measure, published_proportion));
  return {
      .id = {}, .title = {}, .notes = means.notes, .table = without_empty_columns(table_of(fields, means.summaries))};
}

}  // namespace

PaperTable table1(Findings findings) {
  const auto means = mean_table(findings, [](const Summary& summary) {
    return key_text(summary, variant_key) == "BASE" && is_one_of(key_text(summary, policy_key), compared_policies);
  });
  auto table = table_of_means(
      means, {text("method", row_title), measured(steerability_measure, means.decimals), measured(proportion_measure)});
  table.id = "table1";
  table.title = "W2S (Top-1) against the fixed layer, in distribution (the paper's Table 1)";
  return table;
}

PaperTable table2(Findings findings) {
  const auto means = mean_table(findings, [](const Summary& summary) {
    return is_one_of(key_text(summary, variant_key), shifted_variants) &&
           is_one_of(key_text(summary, policy_key), compared_policies);
  });
  const auto rows = shifted_rows(means);
  const bool has_published =
      std::ranges::any_of(rows, [](const ShiftedRow& row) { return model_name(row.first->model).has_value(); });
  Table table{.columns = columns_named({"model", "method", "numbers"}), .rows = {}};
  for (const auto variant : shifted_variants) {
    table.columns.push_back(spread_column(fmt::format("{} steerability", variant), means.decimals));
    table.columns.push_back(spread_column(fmt::format("{} proportion", variant), decimals_in_paper));
  }
  for (const auto& row : rows) {
    add_row(table, {row.first->model, row_title(*row.first), has_published ? Cell("measured") : Cell()}, row.measured);
    if (published(*row.first, key_text(*row.first, variant_key)) != nullptr)
      add_row(table, {row.first->model, row_title(*row.first), "paper"}, row.published);
  }
  return {.id = "table2",
          .title =
              "W2S (Top-1) against the fixed layer, fitted on BASE and shifted to other prompt variants (the "
              "paper's Table 2)",
          .notes = means.notes,
          .table = without_empty_columns(table)};
}

PaperTable supp_table3(Findings findings) {
  const auto means =
      mean_table(findings, [](const Summary& summary) { return key_text(summary, variant_key) == "BASE"; });
  auto table = table_of_means(
      means, {text("method", [](const Summary& summary) { return method_title(key_text(summary, method_key)); }),
              text("policy", [](const Summary& summary) { return policy_title(key_text(summary, policy_key)); }),
              measured(steerability_measure, means.decimals), measured(proportion_measure),
              measured(regret_measure, means.decimals), measured(accuracy_measure)});
  table.id = "supp-table3";
  table.title = "All policies, in distribution: label smoothing and beyond (the paper's Supp. Table 3)";
  table.notes +=
      "Regret: steerability of each input's best layer less the policy's. Accuracy: share of inputs steered at their "
      "best layer.\n";
  return table;
}

}  // namespace w2s::paper
