// Values of a configuration file that know where they stand, for messages, and keys that know how to read them.
#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/error.h"

namespace w2s {

/// Every getter throws Error{usage} with file, line and key for a value of another kind.
class ConfigValue {
 public:
  /// `node` and `file` must outlive the value.
  ConfigValue(const toml::node& node, std::string key, const std::filesystem::path& file)
      : node_(&node), key_(std::move(key)), file_(&file) {}

  [[noreturn]] void refuse(std::string_view reason) const;

  /// Not empty.
  [[nodiscard]] std::string text() const;
  /// A relative one is relative to the file's folder.
  [[nodiscard]] std::filesystem::path path() const;
  [[nodiscard]] bool flag() const;
  [[nodiscard]] double number() const;
  [[nodiscard]] double positive_number() const;
  /// A whole number from `least` on.
  [[nodiscard]] std::uint64_t count(std::int64_t least) const;
  /// What `parse` makes of the text; its Error is refused here, with the place.
  template <typename Parse>
  [[nodiscard]] auto parsed(const Parse& parse) const;

  /// The values of a list, or the value itself: at least one, none twice.
  [[nodiscard]] std::vector<ConfigValue> list() const;
  /// What `read` makes of each value of list().
  template <typename Read>
  [[nodiscard]] auto each(const Read& read) const;

  /// For a table, or a list of tables.
  [[nodiscard]] std::vector<ConfigValue> tables() const;
  [[nodiscard]] const toml::table& table() const { return *node_->as_table(); }
  [[nodiscard]] const std::filesystem::path& file() const { return *file_; }

 private:
  const toml::node* node_;
  std::string key_;
  const std::filesystem::path* file_;
};

/// A key, and what its value sets.
template <typename Target>
struct ConfigKey {
  std::string_view name;
  void (*read)(Target& target, const ConfigValue& value);
};

/// Throws Error{usage} with file and line for a key that is none of `keys`.
template <typename Target>
void read_keys(const toml::table& table, std::span<const ConfigKey<Target>> keys, Target& target,
               const std::filesystem::path& file) {
  for (const auto& [name, node] : table) {
    const ConfigValue value(node, std::string(name.str()), file);
    const auto key = std::ranges::find(keys, name.str(), &ConfigKey<Target>::name);
    if (key == keys.end()) {
      std::vector<std::string_view> names;
      std::ranges::transform(keys, std::back_inserter(names), &ConfigKey<Target>::name);
      value.refuse(fmt::format("unknown key; there are: {}", fmt::join(names, ", ")));
    }
    key->read(target, value);
  }
}

template <typename Parse>
auto ConfigValue::parsed(const Parse& parse) const {
  const auto value = text();
  try {
    return parse(value);
  } catch (const Error& error) {
    refuse(error.what());
  }
}

template <typename Read>
auto ConfigValue::each(const Read& read) const {
  std::vector<decltype(read(*this))> values;
  for (const auto& value : list()) values.push_back(read(value));
  return values;
}

}  // namespace w2s
