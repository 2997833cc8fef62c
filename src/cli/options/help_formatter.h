// --help as a newcomer reads it: wrapped lines, defaults in words, an example at the end.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

namespace w2s::cli {

class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

/// Breaks a text at spaces into lines of at most `width` characters; a longer word has a line of its own.
[[nodiscard]] std::vector<std::string> wrap(const std::string& text, std::size_t width);

}  // namespace w2s::cli
