// The form and the place of a command's results.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options/command_line.h"
#include "cli/print/console.h"
#include "w2s/table.h"

namespace w2s::cli {

enum class Format { table, json, jsonl, csv, md, latex };

struct Report {
  Table table;
  std::string notes = {};                  ///< lines under the table, for people
  std::optional<Table> for_programs = {};  ///< where programs get other rows than people
};

/// The report in a format: table, md and latex are for people, the others for programs.
[[nodiscard]] std::string render(const Report& report, Format format);

struct OutputOptions {
  std::string format_name = "table";
  std::filesystem::path file;  ///< empty: standard output

  void add_format_to(CommandLine& line,
                     const std::vector<std::string>& formats = {"table", "json", "jsonl", "csv", "md", "latex"});
  void add_file_to(CommandLine& line);

  [[nodiscard]] Format format() const;
  /// Throws Error{io} for a file in a folder that is not there: better now than after hours of work.
  void check() const;
  /// Prints the text, or writes the file so that it appears whole or not at all.
  void deliver(std::string_view text, const Console& console) const;
};

/// Throws Error{io} if the folder that a file is to be written into does not exist.
void check_folder_of(const std::filesystem::path& file);

/// Throws Error{usage} if the output is the input itself.
void check_is_not(const std::filesystem::path& output, const std::filesystem::path& input);

}  // namespace w2s::cli
