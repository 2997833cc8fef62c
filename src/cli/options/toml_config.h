// --config FILE.toml: options of a command from a file.
#pragma once

#include <CLI/CLI.hpp>
#include <istream>
#include <string>
#include <vector>

namespace w2s::cli {

/// Reads TOML as the standard defines it (CLI11's own reader takes a '#' in a string for a comment). A key is an
/// option's long name; a list gives an option several values. Throws Error{usage} that names the line for what is
/// not TOML and for a key that is no option of `app`.
class TomlConfig final : public CLI::Config {
 public:
  explicit TomlConfig(const CLI::App& app) : app_(&app) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;
  /// Not offered: empty.
  std::string to_config(const CLI::App* app, bool default_also, bool write_description,
                        std::string prefix) const override;

 private:
  const CLI::App* app_;
};

}  // namespace w2s::cli
