// Values of a configuration file that know where they stand, for messages, and keys that know how to read them.
#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/option.h"

namespace w2s {

class ConfigValue {
 public:
  /// `node` and `file` must outlive the value.
  ConfigValue(const toml::node& node, std::string key, const std::filesystem::path& file)
      : node_(&node), key_(std::move(key)), file_(&file) {}

  /// Throws Error{usage} with file, line and key.
  [[noreturn]] void refuse(std::string_view reason) const;

  /// Sets the option to the value, or to those of a list: at least one, none twice. Relative paths are relative to the
  /// file's folder. Throws Error{usage} with file, line and key for what the option does not take.
  void read_into(const Option& option) const;

  /// Those of a list of tables. Throws Error{usage} for anything else.
  [[nodiscard]] std::vector<ConfigValue> tables() const;
  [[nodiscard]] const toml::table& table() const { return *node_->as_table(); }
  [[nodiscard]] const std::filesystem::path& file() const { return *file_; }

 private:
  /// The values of a list, or the value itself.
  [[nodiscard]] std::vector<ConfigValue> values() const;
  /// As a command line would have it.
  [[nodiscard]] std::string text_for(const Option& option) const;
  /// Refuses what `action` throws as Error{usage}.
  void refusing(const std::function<void()>& action) const;

  const toml::node* node_;
  std::string key_;
  const std::filesystem::path* file_;
};

/// A key, and what becomes of its value.
struct ConfigKey {
  std::string name;
  std::function<void(const ConfigValue& value)> read;
};

/// Throws Error{usage} with file and line for a key that is none of `keys`.
void read_keys(const toml::table& table, const std::vector<ConfigKey>& keys, const std::filesystem::path& file);

}  // namespace w2s
