#include "cli/print/open_ended_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

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

Fields<OpenEndedResult> fields_of(const OpenEndedOutcome& outcome) {
  using Row = OpenEndedResult;
  const Field<Row> rating = {{"rating", "rating", decimals(2)}, &Row::rating};
  Fields<Row> fields = {
      {column_named("behavior"), &Row::behavior},
      {{"steered_at", "steered at"}, [](const Row& row) { return Cell(std::string(to_string(row.steered_at))); }},
      {{"scale", "scale", {.digits = Notation::Digits::significant, .count = 6, .is_signed = true}},
       [](const Row& row) { return to_cell(row.scale); }},
      {column_named("prompts"), &Row::prompts},
      {{"propensity", has_propensity(outcome) ? "logit difference" : "", signed_decimals(3)}, &Row::propensity}};
  if (has_judge(outcome)) fields.push_back({for_people(rating.column), rating.member});
  fields.push_back({{"fluency_change", "fluency", signed_decimals(3)}, &Row::fluency_change});
  if (!has_judge(outcome)) return fields;
  fields.push_back({for_programs(rating.column), rating.member});
  fields.push_back({{.field = "rated"}, &Row::rated});
  return fields;
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
  return {.table = table_of(fields_of(outcome), outcome.results), .notes = notes(outcome)};
}

}  // namespace w2s::cli
