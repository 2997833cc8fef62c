// Tables as plain values: a column is described once, and every form of the table follows from that.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace w2s {

/// A mean with a percentile bootstrap interval.
struct Interval {
  double mean = 0;
  double low = 0;
  double high = 0;
  auto operator<=>(const Interval&) const = default;
};

/// A number with its standard deviation; absent where it has none.
struct Spread {
  double value = 0;
  std::optional<double> sd = {};
  std::optional<int> decimals = {};  ///< that are known; absent: people see as many as in the rest of the column
  auto operator<=>(const Spread&) const = default;
};

/// Nothing, a text or a number.
using Datum = std::variant<std::monostate, std::string, std::int64_t, double>;
/// The same, and numbers that stand with others.
using Cell = std::variant<std::monostate, std::string, std::int64_t, double, Spread, Interval>;

/// How people read numbers; whole ones are written as they are.
struct Notation {
  enum class Digits { shortest, after_point, significant };  ///< shortest: reading it again gives the same value
  Digits digits = Digits::shortest;
  int count = 0;
  bool is_signed = false;             ///< "+0.5"
  bool is_percentage = false;         ///< "50%" for 0.5
  bool sd_is_in_parentheses = false;  ///< "1.259 (0.014)", not "1.259 ± 0.014"
};

[[nodiscard]] Notation decimals(int count);
[[nodiscard]] Notation signed_decimals(int count);
[[nodiscard]] Notation significant_digits(int count);
/// With one decimal.
[[nodiscard]] Notation percentage();
/// Decimals that show the largest of several numbers with four digits, but at least `fewest`; some models hardly react.
[[nodiscard]] int decimals_for(double largest, int fewest = 2);

/// What stands in a column, and under which names.
struct Column {
  enum class Parts { one, spread, interval };
  std::string field = {};    ///< for programs, as in CSV and JSON; empty: people alone see the column
  std::string heading = {};  ///< for people; empty: programs alone see the column
  Notation notation = {};
  Parts parts = Parts::one;
  /// Begins the names of what a spread or an interval has besides: "<stem>_sd", "<stem>_mean", "<stem>_low",
  /// "<stem>_high". Empty: the field's name.
  std::string stem = {};
};

/// Every row has as many cells as there are columns.
struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
};

/// Columns that are called the same by people and by programs.
[[nodiscard]] std::vector<Column> columns_named(std::initializer_list<std::string_view> names);
[[nodiscard]] Column column_named(std::string name, Notation notation = {});
/// Half of a column, where the halves have different places.
[[nodiscard]] Column for_people(Column column);
[[nodiscard]] Column for_programs(Column column);

template <typename Value>
[[nodiscard]] Cell to_cell(const Value& value) {
  if constexpr (std::is_integral_v<Value>) {
    return static_cast<std::int64_t>(value);
  } else {
    return Cell(value);
  }
}

template <typename Value>
[[nodiscard]] Cell to_cell(const std::optional<Value>& value) {
  return value ? to_cell(*value) : Cell();
}

template <typename... Values>
[[nodiscard]] std::vector<Cell> cells(const Values&... values) {
  return {to_cell(values)...};
}

/// What the rows of a kind have in a column: the only place that says so, whichever form is written or read.
template <typename Row>
struct Field {
  using Member = std::variant<std::string Row::*, std::size_t Row::*, double Row::*, std::optional<std::size_t> Row::*,
                              std::optional<double> Row::*, std::optional<Interval> Row::*,
                              std::function<Cell(const Row&)>>;  ///< the last: what follows from others
  Column column;
  Member member;
  std::optional<double> Row::* sd = nullptr;  ///< of a spread
};

template <typename Row>
using Fields = std::vector<Field<Row>>;

template <typename Row>
[[nodiscard]] Cell cell_of(const Field<Row>& field, const Row& row) {
  auto cell = std::visit([&](const auto& member) { return to_cell(std::invoke(member, row)); }, field.member);
  return field.sd == nullptr ? cell : Spread{.value = std::get<double>(cell), .sd = row.*field.sd};
}

template <typename Row>
[[nodiscard]] Table table_of(const Fields<Row>& fields, std::span<const std::type_identity_t<Row>> rows) {
  Table table;
  for (const auto& field : fields) table.columns.push_back(field.column);
  for (const auto& row : rows) {
    auto& cells = table.rows.emplace_back();
    for (const auto& field : fields) cells.push_back(cell_of(field, row));
  }
  return table;
}

/// The field of a name that is there.
template <typename Row>
[[nodiscard]] Field<Row> field_named(const Fields<Row>& fields, std::string_view name) {
  return *std::ranges::find(fields, name, [](const auto& field) -> std::string_view { return field.column.field; });
}

/// A table as programs read it: numbers alone. A spread has two fields, an interval three.
struct Records {
  std::vector<std::string> fields;
  std::vector<std::vector<Datum>> rows;
};
[[nodiscard]] Records records_of(const Table& table);

/// As programs read it; nothing is "".
[[nodiscard]] std::string to_string(const Datum& datum);
/// As people read it: "2.545 ± 0.009", "98.4 ± 0.5%", "+0.113 [-0.012, +0.236]"; nothing is "".
[[nodiscard]] std::string to_text(const Cell& cell, const Notation& notation);

/// Columns aligned with spaces under their headings: numbers to the right, "-" for nothing.
[[nodiscard]] std::string render_text(const Table& table);
/// A pipe table as GitHub and Pandoc know it.
[[nodiscard]] std::string render_markdown(const Table& table);
/// A tabular with the rules of booktabs. What is special to LaTeX is escaped; nothing is "--".
[[nodiscard]] std::string render_latex(const Table& table);
/// The records by RFC 4180 with "\n" line ends.
[[nodiscard]] std::string render_csv(const Table& table);
/// The records as a list of objects.
[[nodiscard]] std::string render_json(const Table& table);
/// The records as an object a line.
[[nodiscard]] std::string render_jsonl(const Table& table);

/// How many columns of a terminal a UTF-8 text takes: its code points.
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace w2s
