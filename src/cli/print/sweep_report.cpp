#include "cli/print/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "cli/print/outcome_report.h"
#include "w2s/data.h"
#include "w2s/sweep.h"

namespace w2s::cli {
namespace {

using Json = nlohmann::ordered_json;

// Directly, because nlohmann's numbers are doubles: 0.1F would get 17 digits.
template <typename Number>
std::string number_list(std::span<const Number> numbers) {
  std::string list = "[";
  for (const auto number : numbers) {
    if (list.size() > 1) list += ", ";
    list += std::isfinite(number) ? fmt::format("{}", number) : "null";
  }
  return list + "]";
}

std::string json_text(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string id_text(const SampleId& id) {
  return std::visit([](const auto& value) { return json_text(value); }, id);
}

std::string propensity_text(const PropensityMap& propensity) {
  std::string rows;
  for (std::size_t layer = 0; layer < propensity.layers; ++layer)
    rows += (layer > 0 ? ", " : "") + number_list(propensity.layer(layer));
  return "[" + rows + "]";
}

std::string sample_object(const SweepRecord& record, std::span<const float> multipliers, bool names_variant) {
  const auto& propensity = record.propensity.front();
  const auto slopes = steerability(multipliers, propensity);
  const auto variant = names_variant ? fmt::format("\"variant\": \"{}\", ", to_string(record.key.variant)) : "";
  return fmt::format("{{\"id\": {}, {}\"propensity\": {}, \"steerability\": {}}}", id_text(record.id), variant,
                     propensity_text(propensity), number_list(std::span<const double>(slopes)));
}

struct LayerSummary {
  PromptVariant variant = PromptVariant::base;
  std::size_t layer = 0;
  std::size_t samples = 0;
  double mean = 0;
  double deviation = 0;  ///< over samples
  double steerable = 0;  ///< share with a positive steerability
  double best = 0;       ///< share for which this layer is the best
};

// Over samples, with the n-1 of a sample's standard deviation.
double standard_deviation(const std::vector<double>& values, double mean) {
  if (values.size() < 2) return 0;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::vector<LayerSummary> summarize(std::span<const SweepRecord> records, const SweepGrid& grid) {
  std::map<PromptVariant, std::vector<std::vector<double>>> by_variant;
  for (const auto& record : records)
    by_variant[record.key.variant].push_back(steerability(grid.multipliers, record.propensity.front()));

  std::vector<LayerSummary> summaries;
  for (const auto& [variant, samples] : by_variant) {
    const auto count = static_cast<double>(samples.size());
    for (std::size_t column = 0; column < grid.layers.size(); ++column) {
      std::vector<double> values;
      for (const auto& sample : samples) values.push_back(sample[column]);
      LayerSummary summary{.variant = variant, .layer = grid.layers[column], .samples = samples.size()};
      for (const double value : values) summary.mean += value / count;
      summary.deviation = standard_deviation(values, summary.mean);
      summary.steerable = static_cast<double>(std::ranges::count_if(values, [](double s) { return s > 0; })) / count;
      const auto is_best_here = [&](const auto& sample) { return best_layer(sample) == column; };
      summary.best = static_cast<double>(std::ranges::count_if(samples, is_best_here)) / count;
      summaries.push_back(summary);
    }
  }
  return summaries;
}

std::string noise_line(const NoiseFloor& noise) {
  return fmt::format("Noise floor (the same rows, computed in another order): {}.\n", describe(noise));
}

std::string best_fixed_line(const std::vector<LayerSummary>& summaries) {
  std::string text;
  for (auto first = summaries.begin(); first != summaries.end();) {
    const auto last =
        std::find_if(first, summaries.end(), [&](const auto& summary) { return summary.variant != first->variant; });
    const auto best = std::max_element(first, last, [](const auto& a, const auto& b) { return a.mean < b.mean; });
    text += fmt::format("Best fixed layer on these {} samples, {}: {}, mean steerability {:.4g}.\n", best->samples,
                        to_string(best->variant), best->layer, best->mean);
    first = last;
  }
  return text;
}

}  // namespace

std::string sample_line(const SweepRecord& record, std::span<const float> multipliers, bool names_variant) {
  return sample_object(record, multipliers, names_variant) + "\n";
}

Report sweep_report(std::span<const SweepRecord> records, const SweepGrid& grid, const NoiseFloor& noise) {
  using Row = LayerSummary;
  const auto summaries = summarize(records, grid);
  const Fields<Row> fields = {
      {column_named("variant"), [](const Row& row) { return Cell(std::string(to_string(row.variant))); }},
      {column_named("layer"), &Row::layer},
      {{.field = "samples"}, &Row::samples},
      {column_named("steerability", decimals(4)), &Row::mean},
      {{"steerability_sd", "sd", decimals(4)}, &Row::deviation},
      {{"proportion_steerable", "steerable", percentage()}, &Row::steerable},
      {{"proportion_best", "best for", percentage()}, &Row::best}};
  return {.table = table_of(fields, summaries), .notes = best_fixed_line(summaries) + noise_line(noise)};
}

std::string sweep_json(const std::string& behavior, std::span<const SweepRecord> records, const SweepGrid& grid,
                       const NoiseFloor& noise) {
  const Json noise_json = {{"samples", noise.samples},
                           {"propensity", noise.propensity},
                           {"steerability", noise.steerability},
                           {"best_layer_changes", noise.best_layer_changes}};
  std::string samples;
  for (const auto& record : records)
    samples += (samples.empty() ? "\n    " : ",\n    ") + sample_object(record, grid.multipliers, true);
  auto by_layer = render_json(sweep_report(records, grid, noise).table);
  by_layer.pop_back();
  return fmt::format(
      "{{\n  \"behavior\": {},\n  \"layers\": {},\n  \"multipliers\": {},\n  \"noise_floor\": {},\n  \"by_layer\": "
      "{},\n"
      "  \"samples\": [{}\n  ]\n}}\n",
      json_text(behavior), json_text(grid.layers), number_list(std::span<const float>(grid.multipliers)),
      json_text(noise_json), by_layer, samples);
}

void InOrder::add(std::size_t position, std::string text) {
  waiting_.emplace(position, std::move(text));
  for (auto first = waiting_.begin(); first != waiting_.end() && first->first == expected_; ++expected_) {
    next_(first->second);
    first = waiting_.erase(first);
  }
}

}  // namespace w2s::cli
