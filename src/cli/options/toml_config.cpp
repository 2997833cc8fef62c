#include "cli/options/toml_config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "w2s/base.h"

namespace w2s::cli {
namespace {

[[noreturn]] void refuse(const toml::source_region& source, std::string_view reason) {
  throw Error(ErrorKind::usage, fmt::format("--config: line {}: {}", source.begin.line, reason));
}

std::string scalar_text(const toml::node& node, std::string_view key) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  refuse(node.source(), fmt::format("'{}' is neither a text, a number, true, false nor a list of these", key));
}

std::vector<std::string> texts(const toml::node& node, std::string_view key) {
  const auto* list = node.as_array();
  if (list == nullptr) return {scalar_text(node, key)};
  std::vector<std::string> values;
  for (const auto& element : *list) values.push_back(scalar_text(element, key));
  return values;
}

toml::table parse(std::istream& input) {
  try {
    return toml::parse(input);
  } catch (const toml::parse_error& error) {
    refuse(error.source(), error.description());
  }
}

}  // namespace

std::vector<CLI::ConfigItem> TomlConfig::from_config(std::istream& input) const {
  std::vector<CLI::ConfigItem> options;
  const toml::table table = parse(input);
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (app_->get_option_no_throw("--" + name) == nullptr)
      refuse(node.source(), fmt::format("'{}' is no option of '{}'", name, app_->get_name()));
    CLI::ConfigItem item;
    item.name = name;
    item.inputs = texts(node, name);
    options.push_back(std::move(item));
  }
  return options;
}

std::string TomlConfig::to_config(const CLI::App* /*app*/, bool /*default_also*/, bool /*write_description*/,
                                  std::string /*prefix*/) const {
  return "";
}

}  // namespace w2s::cli
