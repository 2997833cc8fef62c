#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace w2s::cli {
namespace {

using Json = nlohmann::ordered_json;

struct CellText {
  std::string operator()(std::monostate /*nothing*/) const { return ""; }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
  std::string operator()(double number) const { return fmt::format("{}", number); }
};

struct CellJson {
  Json operator()(std::monostate /*nothing*/) const { return nullptr; }
  Json operator()(const std::string& text) const { return text; }
  Json operator()(std::int64_t number) const { return number; }
  Json operator()(double number) const { return std::isfinite(number) ? Json(number) : Json(nullptr); }
};

Json row_json(const Table& table, const std::vector<Cell>& row) {
  Json object = Json::object();
  for (std::size_t i = 0; i < row.size(); ++i) object[table.columns[i]] = std::visit(CellJson(), row[i]);
  return object;
}

std::string dump(const Json& json, int indent) { return json.dump(indent, ' ', false, Json::error_handler_t::replace); }

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

// Header and rows as texts, each changed by `field`.
template <typename Field>
std::vector<std::vector<std::string>> texts(const Table& table, Field field) {
  std::vector<std::vector<std::string>> lines;
  lines.emplace_back();
  for (const auto& column : table.columns) lines.back().push_back(field(column));
  for (const auto& row : table.rows) {
    lines.emplace_back();
    for (const auto& cell : row) lines.back().push_back(field(to_string(cell)));
  }
  return lines;
}

std::vector<std::size_t> column_widths(const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  }
  return widths;
}

// A column is numeric if all that is in it is.
std::vector<bool> numeric_columns(const std::vector<std::vector<std::string>>& lines) {
  std::vector<bool> numeric(lines.front().size(), lines.size() > 1);
  for (std::size_t row = 1; row < lines.size(); ++row) {
    for (std::size_t i = 0; i < lines[row].size(); ++i) numeric[i] = numeric[i] && looks_numeric(lines[row][i]);
  }
  return numeric;
}

std::string dash_if_empty(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

std::string to_string(const Cell& cell) { return std::visit(CellText(), cell); }

std::size_t display_width(std::string_view text) {
  const auto begins_code_point = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_code_point));
}

std::string render_text(const Table& table) {
  auto lines = texts(table, dash_if_empty);
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
  std::string text;
  for (const auto& line : texts(table, csv_field)) text += fmt::format("{}\n", fmt::join(line, ","));
  return text;
}

std::string render_markdown(const Table& table) {
  auto lines = texts(table, markdown_field);
  const auto numeric = numeric_columns(lines);
  std::vector<std::string> rule;
  for (const bool right : numeric) rule.emplace_back(right ? "---:" : "---");
  lines.insert(lines.begin() + 1, rule);

  std::string text;
  for (const auto& line : lines) text += fmt::format("| {} |\n", fmt::join(line, " | "));
  return text;
}

std::string render_latex(const Table& table) {
  auto lines = texts(table, [](const std::string& text) { return text; });
  std::string alignment;
  for (const bool right : numeric_columns(lines)) alignment += right ? 'r' : 'l';
  for (auto& line : lines) {
    for (auto& field : line) field = latex_field(field);
  }
  std::string text =
      fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n{}\\midrule\n", alignment, latex_line(lines.front()));
  for (std::size_t row = 1; row < lines.size(); ++row) text += latex_line(lines[row]);
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string render_json(const Table& table) {
  Json rows = Json::array();
  for (const auto& row : table.rows) rows.push_back(row_json(table, row));
  return dump(rows, 2) + "\n";
}

std::string render_jsonl(const Table& table) {
  std::string text;
  for (const auto& row : table.rows) text += dump(row_json(table, row), -1) + "\n";
  return text;
}

}  // namespace w2s::cli
