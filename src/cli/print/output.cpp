#include "cli/print/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "w2s/base.h"

namespace w2s::cli {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    lines.push_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(lines.back().size() + 1, text.size()));
  }
  return lines;
}

// Markdown would run the lines together; those that are indented belong to the one before.
std::string markdown_list(std::string_view notes) {
  std::string list;
  for (const auto line : lines_of(notes)) {
    if (const auto indent = line.find_first_not_of(' '); indent != std::string_view::npos)
      list += fmt::format("{}- {}\n", indent > 0 ? "  " : "", line.substr(indent));
  }
  return list;
}

std::string latex_comments(std::string_view notes) {
  std::string comments;
  for (const auto line : lines_of(notes))
    if (!line.empty()) comments += fmt::format("% {}\n", line);
  return comments;
}

}  // namespace

std::string render(const Report& report, Format format) {
  const auto& records = report.for_programs ? *report.for_programs : report.table;
  switch (format) {
    case Format::json:
      return render_json(records);
    case Format::jsonl:
      return render_jsonl(records);
    case Format::csv:
      return render_csv(records);
    case Format::latex:
      return render_latex(report.table) + latex_comments(report.notes);
    case Format::md:
    case Format::table:
      break;
  }
  const bool is_markdown = format == Format::md;
  std::string text = is_markdown ? render_markdown(report.table) : render_text(report.table);
  if (!report.notes.empty()) text += "\n" + (is_markdown ? markdown_list(report.notes) : report.notes);
  return text;
}

void OutputOptions::add_format_to(CommandLine& line, const std::vector<std::string>& formats) {
  line.add("Output", {option("--format", format_name, any_of(formats, "FORMAT"),
                             fmt::format("How to print the results: {}", fmt::join(formats, ", ")))});
}

void OutputOptions::add_file_to(CommandLine& line) {
  line.add("Output", {option("-o,--output", file, any_path("FILE"),
                             "Write the results to this file instead of standard output")});
}

Format OutputOptions::format() const {
  static const std::map<std::string, Format> formats = {{"table", Format::table}, {"json", Format::json},
                                                        {"jsonl", Format::jsonl}, {"csv", Format::csv},
                                                        {"md", Format::md},       {"latex", Format::latex}};
  return formats.at(format_name);
}

void OutputOptions::check() const {
  if (!file.empty()) check_folder_of(file);
}

void OutputOptions::deliver(std::string_view text, const Console& console) const {
  if (file.empty()) {
    console.out(text);
  } else {
    write_file(file, text);
  }
}

void check_folder_of(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored))
    throw Error(ErrorKind::io, fmt::format("cannot write {}: there is no folder {}", file.string(), folder.string()));
  if (std::filesystem::is_directory(file, ignored))
    throw Error(ErrorKind::io, fmt::format("cannot write {}: it is a folder", file.string()));
}

void check_is_not(const std::filesystem::path& output, const std::filesystem::path& input) {
  std::error_code ignored;
  if (std::filesystem::equivalent(output, input, ignored))
    throw Error(ErrorKind::usage, fmt::format("{}: is the input itself; name another file", output.string()));
}

}  // namespace w2s::cli
