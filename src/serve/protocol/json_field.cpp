#include "serve/protocol/json_field.h"

#include <fmt/format.h>

#include <cmath>

#include "data/text.h"

namespace w2s::serve {
namespace {

using nlohmann::json;

constexpr std::size_t longest_quotation = 64;
// Beyond it, not every whole number is a double.
constexpr double largest_exact_double = 9007199254740992.0;

std::optional<std::int64_t> as_integer(const json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto number = value.get<double>();
  if (std::abs(number) > largest_exact_double || number != std::trunc(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace

json parse_json(std::string_view body, std::size_t nesting) {
  const std::size_t valid = data::valid_utf8_prefix(body);
  if (valid < body.size()) throw invalid_request(fmt::format("the body is not UTF-8: see byte {}", valid + 1));
  const auto check_depth = [&](int depth, json::parse_event_t event, const json&) {
    const bool begins = event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (begins && static_cast<std::size_t>(depth) >= nesting)
      throw invalid_request(fmt::format("the body's arrays and objects are nested deeper than {}", nesting));
    return true;
  };
  try {
    return json::parse(body, check_depth);
  } catch (const json::parse_error& error) {
    throw invalid_request(fmt::format("the body is not JSON: see byte {}", error.byte));
  } catch (const json::out_of_range&) {
    throw invalid_request("the body has a number that is too large");
  }
}

std::string quote(std::string_view text) {
  if (text.size() <= longest_quotation) return fmt::format("'{}'", text);
  const auto beginning = text.substr(0, longest_quotation);
  return fmt::format("'{}...'", beginning.substr(0, data::valid_utf8_prefix(beginning)));
}

std::optional<JsonField> JsonField::find(std::string_view name) const {
  check_is_object();
  const auto field = value_.find(name);
  if (field == value_.end() || field->is_null()) return std::nullopt;
  return JsonField(*field, path_to(name));
}

JsonField JsonField::require(std::string_view name) const {
  const auto field = find(name);
  if (!field) throw invalid_request(fmt::format("{} is missing", path_to(name)), path_to(name), "missing_parameter");
  return *field;
}

void JsonField::check_is_object() const {
  if (!value_.is_object()) fail(fmt::format("must be an object, not {}", value_.type_name()));
}

std::size_t JsonField::length(std::size_t most) const {
  if (!value_.is_array()) fail(fmt::format("must be an array, not {}", value_.type_name()));
  if (value_.size() > most) fail(fmt::format("has {} elements, {} are allowed", value_.size(), most));
  return value_.size();
}

JsonField JsonField::operator[](std::size_t index) const {
  return JsonField(value_.at(index), fmt::format("{}[{}]", path_, index));
}

bool JsonField::boolean() const {
  if (!value_.is_boolean()) fail(fmt::format("must be true or false, not {}", value_.type_name()));
  return value_.get<bool>();
}

const std::string& JsonField::text(std::size_t most_bytes) const {
  if (!value_.is_string()) fail(fmt::format("must be a string, not {}", value_.type_name()));
  const auto& text = value_.get_ref<const std::string&>();
  if (text.size() > most_bytes) fail(fmt::format("has {} bytes, {} are allowed", text.size(), most_bytes));
  return text;
}

double JsonField::number(double low, double high) const {
  if (!value_.is_number()) fail(fmt::format("must be a number, not {}", value_.type_name()));
  const auto number = value_.get<double>();
  if (!(number >= low && number <= high)) fail(fmt::format("is {}: use {} to {}", number, low, high));
  return number;
}

std::int64_t JsonField::integer(std::int64_t low, std::int64_t high) const {
  if (!value_.is_number()) fail(fmt::format("must be a whole number, not {}", value_.type_name()));
  const auto number = as_integer(value_);
  if (!number || *number < low || *number > high)
    fail(fmt::format("is {}: use a whole number from {} to {}", value_.dump(), low, high));
  return *number;
}

void JsonField::fail(std::string_view problem) const { throw invalid_request(sentence(problem), path_); }

void JsonField::refuse(std::string_view problem) const { throw unsupported(sentence(problem), path_); }

std::string JsonField::path_to(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

std::string JsonField::sentence(std::string_view problem) const {
  return fmt::format("{} {}", path_.empty() ? "the body" : path_, problem);
}

}  // namespace w2s::serve
