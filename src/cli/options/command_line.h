// The command line of one command: its options, and what llama.cpp's users expect besides.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/print/console.h"
#include "w2s/option.h"

namespace w2s::cli {

/// What follows the command's name.
using Arguments = std::vector<std::string>;

/// llama.cpp's short names of more than one letter, which CLI11 does not know ("-ngl"), as their long ones. What
/// follows "--" stays as it is.
[[nodiscard]] Arguments expand_short_names(Arguments arguments);

/// Options and arguments of `w2s NAME`, with --help and --config.
class CommandLine {
 public:
  /// `example` is a command that can be pasted, shown at the end of --help.
  CommandLine(const std::string& name, const std::string& description, const std::string& example);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// What an option needs or excludes must be there before it.
  void add(const Options& options);
  /// Under a heading of --help.
  void add(const std::string& group, const Options& options) { add(in_group(group, options)); }

  /// Sets what the options are bound to. Returns false if help was asked for and has been printed. Throws Error{usage}
  /// that names the option.
  [[nodiscard]] bool parse(const Arguments& arguments, const Console& console);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace w2s::cli
