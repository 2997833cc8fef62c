#include "experiment/config_value.h"

#include <cmath>
#include <sstream>

namespace w2s {
namespace {

std::string source_text(const toml::node& node) {
  std::ostringstream text;
  text << toml::node_view(node);
  return text.str();
}

}  // namespace

void ConfigValue::refuse(std::string_view reason) const {
  throw Error(ErrorKind::usage,
              fmt::format("{}:{}: {}: {}", file_->string(), node_->source().begin.line, key_, reason));
}

std::string ConfigValue::text() const {
  const auto* value = node_->as_string();
  if (value == nullptr) refuse("must be a text");
  if (value->get().empty()) refuse("is empty");
  return value->get();
}

std::filesystem::path ConfigValue::path() const { return file_->parent_path() / text(); }

bool ConfigValue::flag() const {
  const auto* value = node_->as_boolean();
  if (value == nullptr) refuse("must be true or false");
  return value->get();
}

double ConfigValue::number() const {
  const auto value = node_->is_number() ? node_->value<double>() : std::nullopt;
  if (!value || !std::isfinite(*value)) refuse("must be a number");
  return *value;
}

double ConfigValue::positive_number() const {
  const double value = number();
  if (!(value > 0)) refuse("must be above 0");
  return value;
}

std::uint64_t ConfigValue::count(std::int64_t least) const {
  const auto* value = node_->as_integer();
  if (value == nullptr || value->get() < least) refuse(fmt::format("must be a whole number, {} at least", least));
  return static_cast<std::uint64_t>(value->get());
}

std::vector<ConfigValue> ConfigValue::list() const {
  const auto* array = node_->as_array();
  if (array == nullptr) return {*this};
  if (array->empty()) refuse("is an empty list");
  std::vector<ConfigValue> values;
  std::vector<std::string> seen;
  for (const auto& node : *array) {
    const auto& value = values.emplace_back(node, key_, *file_);
    seen.push_back(source_text(node));
    if (std::ranges::count(seen, seen.back()) > 1) value.refuse(fmt::format("has {} twice", seen.back()));
  }
  return values;
}

std::vector<ConfigValue> ConfigValue::tables() const {
  if (const auto* array = node_->as_array(); array != nullptr && array->empty()) refuse("is an empty list");
  const auto* array = node_->as_array();
  if (array == nullptr) refuse(fmt::format("must be tables: begin each with [[{}]]", key_));
  std::vector<ConfigValue> values;
  for (const auto& node : *array) {
    const auto& value = values.emplace_back(node, key_, *file_);
    if (!node.is_table()) value.refuse(fmt::format("must be tables: begin each with [[{}]]", key_));
  }
  return values;
}

}  // namespace w2s
