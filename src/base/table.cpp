#include "w2s/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace w2s {
namespace {

constexpr double per_cent = 100;

std::string digits_of(double number, const Notation& notation) {
  if (notation.is_percentage) number *= per_cent;
  switch (notation.digits) {
    case Notation::Digits::after_point:
      return fmt::format(fmt::runtime(notation.is_signed ? "{:+.{}f}" : "{:.{}f}"), number, notation.count);
    case Notation::Digits::significant:
      return fmt::format(fmt::runtime(notation.is_signed ? "{:+.{}g}" : "{:.{}g}"), number, notation.count);
    case Notation::Digits::shortest:
      break;
  }
  return fmt::format("{}", number);
}

struct ForPeople {
  const Notation& notation;

  std::string operator()(std::monostate /*nothing*/) const { return ""; }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
  std::string operator()(double number) const { return digits_of(number, notation) + unit(); }
  std::string operator()(const Spread& spread) const {
    auto own = notation;
    own.count = spread.decimals.value_or(notation.count);
    const auto value = digits_of(spread.value, own);
    if (!spread.sd) return value + unit();
    const auto sd = digits_of(*spread.sd, own);
    return fmt::format(fmt::runtime(notation.sd_is_in_parentheses ? "{} ({}){}" : "{} ± {}{}"), value, sd, unit());
  }
  std::string operator()(const Interval& interval) const {
    return fmt::format("{} [{}, {}]{}", digits_of(interval.mean, notation), digits_of(interval.low, notation),
                       digits_of(interval.high, notation), unit());
  }

 private:
  [[nodiscard]] const char* unit() const { return notation.is_percentage ? "%" : ""; }
};

struct ForPrograms {
  std::vector<Datum> operator()(const Spread& spread) const {
    return {spread.value, spread.sd ? Datum(*spread.sd) : Datum()};
  }
  std::vector<Datum> operator()(const Interval& interval) const { return {interval.mean, interval.low, interval.high}; }
  template <typename Single>
  std::vector<Datum> operator()(const Single& single) const {
    return {single};
  }
};

std::vector<std::string> fields_of(const Column& column) {
  const auto& stem = column.stem.empty() ? column.field : column.stem;
  switch (column.parts) {
    case Column::Parts::spread:
      return {column.field, stem + "_sd"};
    case Column::Parts::interval:
      return {stem + "_mean", stem + "_low", stem + "_high"};
    case Column::Parts::one:
      break;
  }
  return {column.field};
}

}  // namespace

Notation decimals(int count) { return {.digits = Notation::Digits::after_point, .count = count}; }

Notation signed_decimals(int count) {
  return {.digits = Notation::Digits::after_point, .count = count, .is_signed = true};
}

Notation significant_digits(int count) { return {.digits = Notation::Digits::significant, .count = count}; }

Notation percentage() { return {.digits = Notation::Digits::after_point, .count = 1, .is_percentage = true}; }

int decimals_for(double largest, int fewest) {
  constexpr int most = 7;
  if (!(largest > 0) || !std::isfinite(largest)) return 3;
  return std::clamp(3 - static_cast<int>(std::floor(std::log10(largest))), fewest, most);
}

std::vector<Column> columns_named(std::initializer_list<std::string_view> names) {
  std::vector<Column> columns;
  for (const auto name : names) columns.push_back(column_named(std::string(name)));
  return columns;
}

Column column_named(std::string name, Notation notation) {
  return {.field = name, .heading = std::move(name), .notation = notation};
}

Column for_people(Column column) {
  column.field.clear();
  return column;
}

Column for_programs(Column column) {
  column.heading.clear();
  return column;
}

Records records_of(const Table& table) {
  Records records;
  records.rows.resize(table.rows.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].field.empty()) continue;
    const auto fields = fields_of(table.columns[i]);
    records.fields.insert(records.fields.end(), fields.begin(), fields.end());
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      auto data = std::visit(ForPrograms(), table.rows[row][i]);
      data.resize(fields.size());
      std::ranges::move(data, std::back_inserter(records.rows[row]));
    }
  }
  return records;
}

std::string to_string(const Datum& datum) {
  return std::visit([](const auto& single) { return to_text(single, {}); }, datum);
}

std::string to_text(const Cell& cell, const Notation& notation) { return std::visit(ForPeople{notation}, cell); }

}  // namespace w2s
