// The forms in which tables are printed.
#pragma once

#include <string>
#include <string_view>

#include "w2s/table.h"

namespace w2s::cli {

using w2s::Cell;
using w2s::Table;

/// What a cell looks like in text, CSV and Markdown; nothing is "". Reading a number again gives the same value.
[[nodiscard]] std::string to_string(const Cell& cell);

/// Columns aligned with spaces under a header: numbers to the right, "-" for nothing.
[[nodiscard]] std::string render_text(const Table& table);
/// RFC 4180 with "\n" line ends.
[[nodiscard]] std::string render_csv(const Table& table);
/// A pipe table as GitHub and Pandoc know it.
[[nodiscard]] std::string render_markdown(const Table& table);
/// A tabular with the rules of booktabs. What is special to LaTeX is escaped; nothing is "--".
[[nodiscard]] std::string render_latex(const Table& table);
/// A list of objects, one a row.
[[nodiscard]] std::string render_json(const Table& table);
/// An object a line, one a row.
[[nodiscard]] std::string render_jsonl(const Table& table);

/// How many columns of a terminal a UTF-8 text takes: its code points.
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace w2s::cli
