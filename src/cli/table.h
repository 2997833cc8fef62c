// Tables, and the forms in which they are printed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace w2s::cli {

/// Nothing, a text or a number. Numbers are printed so that reading them again gives the same value.
using Cell = std::variant<std::monostate, std::string, std::int64_t, double>;

/// Every row has as many cells as there are columns.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
};

/// What a cell looks like in text, CSV and Markdown; nothing is "".
[[nodiscard]] std::string to_string(const Cell& cell);

/// Columns aligned with spaces under a header: numbers to the right, "-" for nothing.
[[nodiscard]] std::string render_text(const Table& table);
/// RFC 4180 with "\n" line ends.
[[nodiscard]] std::string render_csv(const Table& table);
/// A pipe table as GitHub and Pandoc know it.
[[nodiscard]] std::string render_markdown(const Table& table);
/// A list of objects, one a row.
[[nodiscard]] std::string render_json(const Table& table);
/// An object a line, one a row.
[[nodiscard]] std::string render_jsonl(const Table& table);

/// How many columns of a terminal a UTF-8 text takes: its code points.
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace w2s::cli
