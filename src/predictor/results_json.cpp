#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/row_json.h"
#include "w2s/base.h"
#include "w2s/predictor.h"

namespace w2s {
namespace {

using nlohmann::json;

json parse_json(const std::string& text) {
  try {
    return json::parse(text);
  } catch (const json::exception& error) {
    throw Error(ErrorKind::results, fmt::format("results: not valid JSON: {}", error.what()));
  }
}

// "gain_over_fixed.low" is field 'gain_over_fixed', 'low'.
[[noreturn]] void refuse_row(std::size_t index, const JsonProblem& found) {
  const auto row = fmt::format("results: row {}", index + 1);
  if (found.path.empty()) throw Error(ErrorKind::results, fmt::format("{} {}", row, found.problem));
  auto field = fmt::format("'{}'", found.path);
  if (const auto dot = field.find('.'); dot != std::string::npos) field.replace(dot, 1, "', '");
  throw Error(ErrorKind::results, fmt::format("{}: field {} {}", row, field, found.problem));
}

}  // namespace

Fields<PolicyResult> policy_fields(int steerability_decimals) {
  using Result = PolicyResult;
  using enum Column::Parts;
  const auto steerability = decimals(steerability_decimals);
  return {
      {column_named("behavior"), &Result::behavior},
      {column_named("method"), &Result::method},
      {column_named("variant"), &Result::variant},
      {{.field = "split"}, &Result::split},
      {column_named("policy"), &Result::policy},
      {column_named("layer"), &Result::layer},
      {{.field = "samples"}, &Result::samples},
      {{"steerability", "steerability", steerability, spread}, &Result::steerability, &Result::steerability_sd},
      {{"proportion_steerable", "steerable", percentage(), spread, "proportion"},
       &Result::proportion_steerable,
       &Result::proportion_sd},
      {{"gain_over_fixed", "gain over fixed", signed_decimals(steerability_decimals), interval, "gain"},
       &Result::gain_over_fixed},
      {column_named("regret", steerability), &Result::regret},
      {column_named("accuracy", percentage()), &Result::accuracy},
  };
}

std::string results_to_json(std::span<const PolicyResult> results) {
  const auto fields = policy_fields();
  // A row a line, so that two results can be compared with diff.
  std::string text = "{\"results\": [";
  std::string_view separator = "\n";
  for (const PolicyResult& row : results) {
    // A name that is not UTF-8 must not cost the results.
    text += fmt::format("{}  {}", separator,
                        row_json(fields, row).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    separator = ",\n";
  }
  return text + "\n]}\n";
}

std::vector<PolicyResult> results_from_json(const std::string& text) {
  const json document = parse_json(text);
  const bool has_rows = document.is_object() && document.contains("results") && document.at("results").is_array();
  if (!has_rows) throw Error(ErrorKind::results, "results: not an object with a list \"results\"");
  const json& rows = document.at("results");
  const auto fields = policy_fields();
  std::vector<PolicyResult> results;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const JsonValue row(rows[i], [i](const JsonProblem& found) { refuse_row(i, found); });
    results.push_back(row_from_json(fields, row));
  }
  return results;
}

}  // namespace w2s
