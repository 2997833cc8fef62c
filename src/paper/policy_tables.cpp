// Tables in the shape of the paper's, with means over behaviours.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "paper/builders.h"
#include "paper/paper_numbers.h"
#include "paper/policies.h"

namespace w2s::paper {
namespace {

constexpr auto compared_policies = std::to_array<std::string_view>({"fixed", "w2s-top1"});
constexpr auto shifted_variants = std::to_array<std::string_view>({"SYS.POS", "SYS.NEG", "USER.POS", "USER.NEG"});
constexpr int proportion_decimals = 3;

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
  int decimals = 3;  // of steerabilities
};

// The paper's three decimals, more for a model that hardly reacts.
int decimals_for(std::span<const Summary> summaries) {
  double largest = 0;
  for (const auto& summary : summaries)
    largest = std::max(largest, std::abs(summary.numbers[steerability_measure].value.value_or(0)));
  if (!(largest > 0) || !std::isfinite(largest)) return 3;
  return std::clamp(3 - static_cast<int>(std::floor(std::log10(largest))), 3, 7);
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
  table.decimals = decimals_for(table.summaries);
  return table;
}

// "1.259 (0.014)"
Cell spread_cell(const Number& number, int decimals) {
  if (!number.value) return {};
  if (!number.sd) return fmt::format("{:.{}f}", *number.value, decimals);
  return fmt::format("{:.{}f} ({:.{}f})", *number.value, decimals, *number.sd, decimals);
}

const PolicyNumbers* published(const Summary& summary, std::string_view variant) {
  return find_policy(summary.model, key_text(summary, method_key), variant, key_text(summary, policy_key));
}

Cell published_steerability(const PolicyNumbers* numbers) {
  return numbers == nullptr ? Cell() : spread_cell({numbers->steerability, numbers->steerability_sd}, 3);
}

Cell published_proportion(const PolicyNumbers* numbers) {
  return numbers == nullptr ? Cell() : spread_cell({numbers->proportion, numbers->proportion_sd}, 3);
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
    row->measured[column] = spread_cell(summary.numbers[steerability_measure], means.decimals);
    row->measured[column + 1] = spread_cell(summary.numbers[proportion_measure], proportion_decimals);
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

}  // namespace

PaperTable table1(Findings findings) {
  const auto means = mean_table(findings, [](const Summary& summary) {
    return key_text(summary, variant_key) == "BASE" && is_one_of(key_text(summary, policy_key), compared_policies);
  });
  Table table{.columns = {"model", "method", "steerability", "proportion_steerable", "seeds", "paper_steerability",
                          "paper_proportion_steerable"},
              .rows = {}};
  for (const auto& summary : means.summaries) {
    const auto* const numbers = published(summary, "BASE");
    table.rows.push_back(
        {summary.model, row_title(summary), spread_cell(summary.numbers[steerability_measure], means.decimals),
         spread_cell(summary.numbers[proportion_measure], proportion_decimals),
         static_cast<std::int64_t>(summary.seeds), published_steerability(numbers), published_proportion(numbers)});
  }
  return {.id = "table1",
          .title = "W2S (Top-1) against the fixed layer, in distribution (the paper's Table 1)",
          .notes = means.notes,
          .table = without_empty_columns(table)};
}

PaperTable table2(Findings findings) {
  const auto means = mean_table(findings, [](const Summary& summary) {
    return is_one_of(key_text(summary, variant_key), shifted_variants) &&
           is_one_of(key_text(summary, policy_key), compared_policies);
  });
  const auto rows = shifted_rows(means);
  const bool has_published =
      std::ranges::any_of(rows, [](const ShiftedRow& row) { return model_name(row.first->model).has_value(); });
  Table table{.columns = {"model", "method", "numbers"}, .rows = {}};
  for (const auto variant : shifted_variants) {
    table.columns.push_back(fmt::format("{} steerability", variant));
    table.columns.push_back(fmt::format("{} proportion", variant));
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
  Table table{.columns = {"model", "method", "policy", "steerability", "proportion_steerable", "regret", "accuracy",
                          "seeds", "paper_steerability", "paper_proportion_steerable"},
              .rows = {}};
  for (const auto& summary : means.summaries) {
    const auto* const numbers = published(summary, "BASE");
    table.rows.push_back(
        {summary.model, method_title(key_text(summary, method_key)), policy_title(key_text(summary, policy_key)),
         spread_cell(summary.numbers[steerability_measure], means.decimals),
         spread_cell(summary.numbers[proportion_measure], proportion_decimals),
         spread_cell(summary.numbers[regret_measure], means.decimals),
         spread_cell(summary.numbers[accuracy_measure], proportion_decimals), static_cast<std::int64_t>(summary.seeds),
         published_steerability(numbers), published_proportion(numbers)});
  }
  return {.id = "supp-table3",
          .title = "All policies, in distribution: label smoothing and beyond (the paper's Supp. Table 3)",
          .notes = means.notes +
                   "Regret: steerability of each input's best layer less the policy's. Accuracy: share of "
                   "inputs steered at their best layer.\n",
          .table = without_empty_columns(table)};
}

}  // namespace w2s::paper
