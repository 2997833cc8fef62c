// The command line of one command: what CLI11 does, and what llama.cpp's users expect besides.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/console.h"

namespace w2s::cli {

/// What follows the command's name.
using Arguments = std::vector<std::string>;

/// llama.cpp's short names of more than one letter, which CLI11 does not know ("-ngl"), as their long ones. What
/// follows "--" stays as it is.
[[nodiscard]] Arguments expand_short_names(Arguments arguments);

/// Options and arguments of `w2s NAME`, with --help and --config.
class CommandLine : public CLI::App {
 public:
  /// `example` is a command that can be pasted, shown at the end of --help.
  CommandLine(const std::string& name, const std::string& description, const std::string& example);

  /// An option whose value is a path, which CLI11 itself would unquote.
  CLI::Option* add_path(const std::string& name, std::filesystem::path& path, const std::string& help);

  /// Returns false if help was asked for and has been printed. Throws Error{usage} that names the option.
  [[nodiscard]] bool parse(const Arguments& arguments, const Console& console);
};

}  // namespace w2s::cli
