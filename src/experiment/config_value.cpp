#include "experiment/config_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "w2s/base.h"

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

void ConfigValue::refusing(const std::function<void()>& action) const try { action(); } catch (const Error& error) {
  if (error.kind() != ErrorKind::usage) throw;
  refuse(error.what());
}

std::string ConfigValue::text_for(const Option& option) const {
  if (option.values == OptionValues::none) {
    if (!node_->is_boolean()) refuse("must be true or false");
    return *node_->value<bool>() ? "true" : "false";
  }
  // Not what TOML's source says: 1_000 and 0x10 are numbers as well. A text that ought to be a number keeps its quotes.
  if (!option.is_text && node_->is_integer()) return fmt::format("{}", *node_->value<std::int64_t>());
  if (!option.is_text && node_->is_floating_point()) return fmt::format("{}", *node_->value<double>());
  if (!option.is_text) return source_text(*node_);
  const auto* text = node_->as_string();
  if (text == nullptr) refuse("must be a text");
  if (text->get().empty()) refuse("is empty");
  return option.in_folder(text->get(), file_->parent_path());
}

std::vector<ConfigValue> ConfigValue::values() const {
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

void ConfigValue::read_into(const Option& option) const {
  const bool takes_one = option.values == OptionValues::none || option.values == OptionValues::one;
  OptionTexts texts;
  for (const auto& value : takes_one ? std::vector{*this} : values()) {
    const auto& text = texts.emplace_back(value.text_for(option));
    value.refusing([&] { option.check(text); });
  }
  refusing([&] { option.set(texts); });
}

std::vector<ConfigValue> ConfigValue::tables() const {
  const auto* array = node_->as_array();
  if (array == nullptr) refuse(fmt::format("must be tables: begin each with [[{}]]", key_));
  if (array->empty()) refuse("is an empty list");
  std::vector<ConfigValue> values;
  for (const auto& node : *array) {
    const auto& value = values.emplace_back(node, key_, *file_);
    if (!node.is_table()) value.refuse(fmt::format("must be tables: begin each with [[{}]]", key_));
  }
  return values;
}

void read_keys(const toml::table& table, const std::vector<ConfigKey>& keys, const std::filesystem::path& file) {
  for (const auto& [name, node] : table) {
    const ConfigValue value(node, std::string(name.str()), file);
    const auto key = std::ranges::find(keys, name.str(), &ConfigKey::name);
    if (key == keys.end()) {
      std::vector<std::string> names;
      std::ranges::transform(keys, std::back_inserter(names), &ConfigKey::name);
      value.refuse(fmt::format("unknown key; there are: {}", fmt::join(names, ", ")));
    }
    key->read(value);
  }
}

}  // namespace w2s
