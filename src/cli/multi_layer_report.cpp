#include "cli/multi_layer_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/figures.h"

namespace w2s::cli {
namespace {

int decimals_for_all(std::span<const MultiLayerResult> results) {
  double largest = 0;
  for (const auto& row : results) largest = std::max(largest, std::abs(row.result.steerability));
  return decimals_for(largest);
}

Cell text_or_nothing(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

Table readable_table(std::span<const MultiLayerResult> results) {
  const int decimals = decimals_for_all(results);
  const auto gain_cell = [&](const std::optional<Interval>& gain) {
    return gain ? Cell(gain_text(*gain, decimals)) : Cell();
  };
  Table table{.columns = {"behavior", "method", "policy", "predictor", "layer", "largest share", "steerability",
                          "steerable", "gain over one layer", "gain over fixed"},
              .rows = {}};
  for (const auto& [row, predictor, layers, largest_share, gain_over_single] : results) {
    table.rows.push_back({row.behavior, row.method, row.policy, text_or_nothing(predictor), optional_layer(row.layer),
                          percent(largest_share), with_deviation(row.steerability, row.steerability_sd, decimals),
                          percent(row.proportion_steerable, row.proportion_sd), gain_cell(gain_over_single),
                          gain_cell(row.gain_over_fixed)});
  }
  return table;
}

Table tidy_table(std::span<const MultiLayerResult> results) {
  Table table{.columns = {"behavior", "method", "split", "policy", "predictor", "layers", "layer", "samples",
                          "largest_share", "steerability", "steerability_sd", "proportion_steerable", "proportion_sd",
                          "gain_over_single_mean", "gain_over_single_low", "gain_over_single_high",
                          "gain_over_fixed_mean", "gain_over_fixed_low", "gain_over_fixed_high"},
              .rows = {}};
  for (const auto& [row, predictor, layers, largest_share, gain_over_single] : results) {
    std::vector<Cell> cells = {row.behavior,
                               row.method,
                               row.split,
                               row.policy,
                               text_or_nothing(predictor),
                               static_cast<std::int64_t>(layers),
                               optional_layer(row.layer),
                               static_cast<std::int64_t>(row.samples),
                               largest_share,
                               row.steerability,
                               optional_number(row.steerability_sd),
                               row.proportion_steerable,
                               optional_number(row.proportion_sd)};
    for (const auto& gain : {gain_over_single, row.gain_over_fixed})
      for (double Interval::* const part : {&Interval::mean, &Interval::low, &Interval::high})
        cells.push_back(gain ? Cell((*gain).*part) : Cell());
    table.rows.push_back(std::move(cells));
  }
  return table;
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
                        conclusion(*gain), gain_text(*gain, decimals));
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
  return {.readable = readable_table(outcome.results), .notes = notes(outcome), .tidy = tidy_table(outcome.results)};
}

}  // namespace w2s::cli
