#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "w2s/error.h"
#include "w2s/evaluation.h"

namespace w2s {
namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json optional_json(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json interval_json(const std::optional<Interval>& interval) {
  if (!interval) return nullptr;
  return {{"mean", interval->mean}, {"low", interval->low}, {"high", interval->high}};
}

Json row_json(const PolicyResult& row) {
  return {{"behavior", row.behavior},
          {"method", row.method},
          {"variant", row.variant},
          {"split", row.split},
          {"policy", row.policy},
          {"layer", optional_json(row.layer)},
          {"samples", row.samples},
          {"steerability", row.steerability},
          {"steerability_sd", optional_json(row.steerability_sd)},
          {"proportion_steerable", row.proportion_steerable},
          {"proportion_sd", optional_json(row.proportion_sd)},
          {"gain_over_fixed", interval_json(row.gain_over_fixed)},
          {"regret", optional_json(row.regret)},
          {"accuracy", optional_json(row.accuracy)}};
}

// Takes fields out of one object and says which one is not as it should be.
class FieldReader {
 public:
  FieldReader(const Json& object, std::string where) : object_(&object), where_(std::move(where)) {
    if (!object.is_object()) throw Error(ErrorKind::results, fmt::format("results: {} is not an object", where_));
  }

  [[nodiscard]] std::string text(const char* field) const {
    const Json& value = find(field);
    if (!value.is_string()) fail(field, "a text");
    return value.get<std::string>();
  }

  [[nodiscard]] double number(const char* field) const {
    const Json& value = find(field);
    if (!value.is_number()) fail(field, "a number");
    return value.get<double>();
  }

  [[nodiscard]] std::size_t count(const char* field) const {
    const Json& value = find(field);
    if (!value.is_number_unsigned()) fail(field, "a whole number");
    return value.get<std::size_t>();
  }

  [[nodiscard]] std::optional<double> optional_number(const char* field) const {
    return is_absent(field) ? std::nullopt : std::optional(number(field));
  }

  [[nodiscard]] std::optional<std::size_t> optional_count(const char* field) const {
    return is_absent(field) ? std::nullopt : std::optional(count(field));
  }

  [[nodiscard]] std::optional<Interval> optional_interval(const char* field) const {
    if (is_absent(field)) return std::nullopt;
    const FieldReader parts(find(field), fmt::format("{}, field '{}'", where_, field));
    return Interval{.mean = parts.number("mean"), .low = parts.number("low"), .high = parts.number("high")};
  }

 private:
  [[nodiscard]] bool is_absent(const char* field) const { return find(field).is_null(); }

  [[nodiscard]] const Json& find(const char* field) const {
    static const Json absent;
    const auto found = object_->find(field);
    return found != object_->end() ? *found : absent;
  }

  [[noreturn]] void fail(const char* field, std::string_view expected) const {
    throw Error(ErrorKind::results, fmt::format("results: {}: field '{}' must be {}", where_, field, expected));
  }

  const Json* object_;
  std::string where_;
};

PolicyResult parse_row(const Json& json, std::size_t index) {
  const FieldReader reader(json, fmt::format("row {}", index + 1));
  return {.behavior = reader.text("behavior"),
          .method = reader.text("method"),
          .variant = reader.text("variant"),
          .split = reader.text("split"),
          .policy = reader.text("policy"),
          .layer = reader.optional_count("layer"),
          .samples = reader.count("samples"),
          .steerability = reader.number("steerability"),
          .steerability_sd = reader.optional_number("steerability_sd"),
          .proportion_steerable = reader.number("proportion_steerable"),
          .proportion_sd = reader.optional_number("proportion_sd"),
          .gain_over_fixed = reader.optional_interval("gain_over_fixed"),
          .regret = reader.optional_number("regret"),
          .accuracy = reader.optional_number("accuracy")};
}

Json parse_json(const std::string& text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::results, fmt::format("results: not valid JSON: {}", error.what()));
  }
}

}  // namespace

std::string results_to_json(std::span<const PolicyResult> results) {
  // A row a line, so that two results can be compared with diff.
  std::string text = "{\"results\": [";
  std::string_view separator = "\n";
  for (const PolicyResult& row : results) {
    // A name that is not UTF-8 must not cost the results.
    text += fmt::format("{}  {}", separator, row_json(row).dump(-1, ' ', false, Json::error_handler_t::replace));
    separator = ",\n";
  }
  return text + "\n]}\n";
}

std::vector<PolicyResult> results_from_json(const std::string& text) {
  const Json document = parse_json(text);
  const bool has_rows = document.is_object() && document.contains("results") && document.at("results").is_array();
  if (!has_rows) throw Error(ErrorKind::results, "results: not an object with a list \"results\"");
  const Json& rows = document.at("results");
  std::vector<PolicyResult> results;
  for (std::size_t i = 0; i < rows.size(); ++i) results.push_back(parse_row(rows[i], i));
  return results;
}

}  // namespace w2s
