#include "cli/open_ended_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "cli/figures.h"

namespace w2s::cli {
namespace {

std::size_t rated(const OpenEndedOutcome& outcome) {
  std::size_t sum = 0;
  for (const auto& row : outcome.results) sum += row.rated;
  return sum;
}

bool has_judge(const OpenEndedOutcome& outcome) { return outcome.unrated > 0 || rated(outcome) > 0; }

bool has_propensity(const OpenEndedOutcome& outcome) {
  return std::ranges::any_of(outcome.results, [](const auto& row) { return row.propensity.has_value(); });
}

Cell fixed_point(const std::optional<double>& number, int decimals) {
  return number ? Cell(fmt::format("{:+.{}f}", *number, decimals)) : Cell();
}

Table readable_table(const OpenEndedOutcome& outcome) {
  Table table{.columns = {"behavior", "steered at", "scale", "prompts"}, .rows = {}};
  if (has_propensity(outcome)) table.columns.emplace_back("logit difference");
  if (has_judge(outcome)) table.columns.emplace_back("rating");
  table.columns.emplace_back("fluency");
  for (const auto& row : outcome.results) {
    std::vector<Cell> cells = {row.behavior, std::string(to_string(row.steered_at)), fmt::format("{:+g}", row.scale),
                               static_cast<std::int64_t>(row.prompts)};
    if (has_propensity(outcome)) cells.push_back(fixed_point(row.propensity, 3));
    if (has_judge(outcome)) cells.push_back(row.rating ? Cell(fmt::format("{:.2f}", *row.rating)) : Cell());
    cells.push_back(fixed_point(row.fluency_change, 3));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table tidy_table(const OpenEndedOutcome& outcome) {
  Table table{.columns = {"behavior", "steered_at", "scale", "prompts", "propensity", "fluency_change"}, .rows = {}};
  if (has_judge(outcome)) table.columns.insert(table.columns.end(), {"rating", "rated"});
  for (const auto& row : outcome.results) {
    std::vector<Cell> cells = {row.behavior,
                               std::string(to_string(row.steered_at)),
                               static_cast<double>(row.scale),
                               static_cast<std::int64_t>(row.prompts),
                               optional_number(row.propensity),
                               row.fluency_change};
    if (has_judge(outcome)) {
      cells.push_back(optional_number(row.rating));
      cells.emplace_back(static_cast<std::int64_t>(row.rated));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string notes(const OpenEndedOutcome& outcome) {
  std::string text;
  if (has_propensity(outcome))
    text += "logit difference: of the sample's two answers, steered alike; the effect without a judge.\n";
  text +=
      "fluency: mean log-probability per token that the unsteered model gives the answer, less that of its own "
      "unsteered answer.\n";
  if (has_judge(outcome)) {
    text += fmt::format("rating: 0 to 10, by the judge; it rated {} answers and gave no number for {}.\n",
                        rated(outcome), outcome.unrated);
  }
  return text;
}

}  // namespace

Report open_ended_report(const OpenEndedOutcome& outcome) {
  return {.readable = readable_table(outcome), .notes = notes(outcome), .tidy = tidy_table(outcome)};
}

}  // namespace w2s::cli
