#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/row_json.h"
#include "w2s/table.h"

namespace w2s {
namespace {

std::string dump(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// The text may be "12.5 ± 0.1" or "+0.3 [0.1, 0.5]": what begins like a number lines up on the right like one.
bool looks_numeric(const std::string& text) {
  const std::size_t first = text.find_first_not_of("+-");
  return first == std::string::npos || (text[first] >= '0' && text[first] <= '9');
}

std::string pad(const std::string& text, std::size_t width, bool right) {
  const std::string spaces(width - display_width(text), ' ');
  return right ? spaces + text : text + spaces;
}

void trim_end(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + "\"";
}

std::string markdown_field(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '|' || letter == '\\') escaped += '\\';
    escaped += letter == '\n' ? ' ' : letter;
  }
  return escaped;
}

std::string latex_letter(char letter) {
  switch (letter) {
    case '\\':
      return R"(\textbackslash{})";
    case '~':
      return R"(\textasciitilde{})";
    case '^':
      return R"(\textasciicircum{})";
    case '<':
      return R"(\textless{})";
    case '>':
      return R"(\textgreater{})";
    case '|':
      return R"(\textbar{})";
    case '\n':
      return " ";
    case '&':
    case '%':
    case '$':
    case '#':
    case '_':
    case '{':
    case '}':
      return std::string("\\") + letter;
    default:
      return {letter};
  }
}

// A hyphen before a number would be printed as one; that of "Top-1" and of "1e-05" is none of these.
bool is_minus(std::string_view text, std::size_t position) {
  const auto is_one_of = [&](std::size_t at, std::string_view letters) {
    return at < text.size() && letters.find(text[at]) != std::string_view::npos;
  };
  return text[position] == '-' && is_one_of(position + 1, "0123456789.") &&
         (position == 0 || is_one_of(position - 1, " [(,"));
}

std::string latex_field(std::string_view text) {
  constexpr std::string_view plus_minus = "±";
  if (text.empty()) return "--";
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with(plus_minus)) {
      escaped += R"($\pm$)";
      i += plus_minus.size() - 1;
    } else {
      escaped += is_minus(text, i) ? "$-$" : latex_letter(text[i]);
    }
  }
  return escaped;
}

std::string latex_line(const std::vector<std::string>& fields) {
  return fmt::format("{} {}\n", fmt::join(fields, " & "), R"(\\)");
}

using Lines = std::vector<std::vector<std::string>>;

// Headings and rows as people read them.
Lines lines_for_people(const Table& table) {
  Lines lines(table.rows.size() + 1);
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const auto& column = table.columns[i];
    if (column.heading.empty()) continue;
    lines.front().push_back(column.heading);
    for (std::size_t row = 0; row < table.rows.size(); ++row)
      lines[row + 1].push_back(to_text(table.rows[row][i], column.notation));
  }
  return lines;
}

template <typename Change>
Lines changed(Lines lines, Change change) {
  for (auto& line : lines)
    for (auto& text : line) text = change(text);
  return lines;
}

std::vector<std::size_t> column_widths(const Lines& lines) {
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  }
  return widths;
}

// A column is numeric if all that is in it is.
std::vector<bool> numeric_columns(const Lines& lines) {
  std::vector<bool> numeric(lines.front().size(), lines.size() > 1);
  for (std::size_t row = 1; row < lines.size(); ++row) {
    for (std::size_t i = 0; i < lines[row].size(); ++i) numeric[i] = numeric[i] && looks_numeric(lines[row][i]);
  }
  return numeric;
}

std::string dash_if_empty(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

std::size_t display_width(std::string_view text) {
  const auto begins_code_point = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_code_point));
}

std::string render_text(const Table& table) {
  auto lines = changed(lines_for_people(table), dash_if_empty);
  const auto widths = column_widths(lines);
  const auto numeric = numeric_columns(lines);
  std::vector<std::string> rule;
  for (const std::size_t width : widths) rule.emplace_back(width, '-');
  lines.insert(lines.begin() + 1, rule);

  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) row += (i > 0 ? "  " : "") + pad(line[i], widths[i], numeric[i]);
    trim_end(row);
    text += row + "\n";
  }
  return text;
}

std::string render_csv(const Table& table) {
  const auto records = records_of(table);
  Lines lines = {records.fields};
  for (const auto& row : records.rows) {
    auto& line = lines.emplace_back();
    for (const auto& datum : row) line.push_back(to_string(datum));
  }
  std::string text;
  for (const auto& line : changed(std::move(lines), csv_field)) text += fmt::format("{}\n", fmt::join(line, ","));
  return text;
}

std::string render_markdown(const Table& table) {
  auto lines = changed(lines_for_people(table), markdown_field);
  const auto numeric = numeric_columns(lines);
  std::vector<std::string> rule;
  for (const bool right : numeric) rule.emplace_back(right ? "---:" : "---");
  lines.insert(lines.begin() + 1, rule);

  std::string text;
  for (const auto& line : lines) text += fmt::format("| {} |\n", fmt::join(line, " | "));
  return text;
}

std::string render_latex(const Table& table) {
  const auto plain = lines_for_people(table);
  std::string alignment;
  for (const bool right : numeric_columns(plain)) alignment += right ? 'r' : 'l';
  const auto lines = changed(plain, latex_field);
  std::string text =
      fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n{}\\midrule\n", alignment, latex_line(lines.front()));
  for (std::size_t row = 1; row < lines.size(); ++row) text += latex_line(lines[row]);
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string render_json(const Table& table) { return dump(records_json(records_of(table)), 2) + "\n"; }

std::string render_jsonl(const Table& table) {
  std::string text;
  for (const auto& object : records_json(records_of(table))) text += dump(object, -1) + "\n";
  return text;
}

}  // namespace w2s
