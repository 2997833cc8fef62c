#include "base/json_value.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace w2s {
namespace {

using nlohmann::json;

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

std::optional<JsonValue> JsonValue::find(std::string_view name) const {
  check_is_object();
  const auto found = value_.find(name);
  if (found == value_.end() || found->is_null()) return std::nullopt;
  return field(name, *found);
}

JsonValue JsonValue::require(std::string_view name) const {
  const auto found = find(name);
  if (!found) fail({.path = path_to(name), .problem = "is missing", .is_missing = true});
  return *found;
}

JsonValue JsonValue::field(std::string_view name, const json& value) const { return {value, failure_, path_to(name)}; }

void JsonValue::check_is_object() const { check_is(value_.is_object(), "an object"); }

std::size_t JsonValue::length(std::size_t most) const {
  check_is(value_.is_array(), "an array");
  if (value_.size() > most) fail(fmt::format("has {} elements, {} are allowed", value_.size(), most));
  return value_.size();
}

JsonValue JsonValue::operator[](std::size_t index) const {
  return {value_.at(index), failure_, fmt::format("{}[{}]", path_, index)};
}

bool JsonValue::boolean() const {
  check_is(value_.is_boolean(), "true or false");
  return value_.get<bool>();
}

const std::string& JsonValue::text(std::size_t most_bytes) const {
  check_is(value_.is_string(), "a string");
  const auto& text = value_.get_ref<const std::string&>();
  if (text.size() > most_bytes) fail(fmt::format("has {} bytes, {} are allowed", text.size(), most_bytes));
  return text;
}

double JsonValue::number() const {
  check_is(value_.is_number(), "a number");
  return value_.get<double>();
}

double JsonValue::number(double low, double high) const {
  const auto own = number();
  if (!(own >= low && own <= high)) fail(fmt::format("is {}: use {} to {}", own, low, high));
  return own;
}

std::int64_t JsonValue::integer(std::int64_t low, std::int64_t high) const {
  check_is(value_.is_number(), "a whole number");
  const auto own = as_integer(value_);
  if (!own || *own < low || *own > high)
    fail(fmt::format("is {}: use a whole number from {} to {}", value_.dump(), low, high));
  return *own;
}

std::size_t JsonValue::count() const {
  if (!value_.is_number_unsigned()) fail(fmt::format("must be a whole number from 0, not {}", value_.dump()));
  return value_.get<std::size_t>();
}

void JsonValue::fail(std::string_view problem) const { fail({.path = path_, .problem = std::string(problem)}); }

void JsonValue::check_is(bool is_it, std::string_view expected) const {
  if (!is_it) fail(fmt::format("must be {}, not {}", expected, value_.type_name()));
}

void JsonValue::fail(const JsonProblem& problem) const {
  (*failure_)(problem);
  throw std::logic_error("a JsonFailure returned");
}

std::string JsonValue::path_to(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

}  // namespace w2s
