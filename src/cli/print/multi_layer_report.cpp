#include "cli/print/multi_layer_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <string_view>

namespace w2s::cli {
namespace {

int decimals_for_all(std::span<const MultiLayerResult> results) {
  double largest = 0;
  for (const auto& row : results) largest = std::max(largest, std::abs(row.result.steerability));
  return decimals_for(largest);
}

// What a result has as every policy has it.
Field<MultiLayerResult> of_policy(const Fields<PolicyResult>& fields, std::string_view name) {
  const auto field = field_named(fields, name);
  return {field.column, [field](const MultiLayerResult& row) { return cell_of(field, row.result); }};
}

Fields<MultiLayerResult> fields_with(int decimals) {
  using Row = MultiLayerResult;
  const auto policy = policy_fields(decimals);
  auto gain_over_fixed = of_policy(policy, "gain_over_fixed");
  gain_over_fixed.column.stem.clear();
  auto gain_over_single = gain_over_fixed.column;
  gain_over_single.field = "gain_over_single";
  gain_over_single.heading = "gain over one layer";
  return {
      of_policy(policy, "behavior"),
      of_policy(policy, "method"),
      of_policy(policy, "split"),
      of_policy(policy, "policy"),
      {column_named("predictor"), [](const Row& row) { return row.predictor.empty() ? Cell() : Cell(row.predictor); }},
      {{.field = "layers"}, &Row::layers},
      of_policy(policy, "layer"),
      of_policy(policy, "samples"),
      {{"largest_share", "largest share", percentage()}, &Row::largest_share},
      of_policy(policy, "steerability"),
      of_policy(policy, "proportion_steerable"),
      {gain_over_single, &Row::gain_over_single},
      gain_over_fixed};
}

// "better", "worse", or that the interval includes 0.
std::string_view conclusion(const Interval& gain) {
  if (gain.low > 0) return "better";
  return gain.high < 0 ? "worse" : "no clear difference";
}

std::string notes(const MultiLayerOutcome& outcome) {
  const int decimals = decimals_for_all(outcome.results);
  std::string text;
  for (const auto& [row, predictor, layers, largest_share, gain] : outcome.results) {
    if (!gain) continue;
    text += fmt::format("{}, {}: {} against its one layer: {} ({}).\n", row.behavior, row.method, row.policy,
                        conclusion(*gain), to_text(*gain, signed_decimals(decimals)));
  }
  text += '\n';
  for (const auto& [behavior, difference] : outcome.difference_from_sweep) {
    text +=
        fmt::format("{}: at one layer, steerabilities are within {:.2g} of the study's sweep.\n", behavior, difference);
  }
  return text;
}

}  // namespace

Report multi_layer_report(const MultiLayerOutcome& outcome) {
  return {.table = table_of(fields_with(decimals_for_all(outcome.results)), outcome.results), .notes = notes(outcome)};
}

}  // namespace w2s::cli
