// Rows as JSON objects, written and read by the same description.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/json_value.h"
#include "w2s/table.h"

namespace w2s {

[[nodiscard]] nlohmann::ordered_json datum_json(const Datum& datum);
/// A list of objects, one a record.
[[nodiscard]] nlohmann::ordered_json records_json(const Records& records);
/// Adds a cell to an object under its field's name: a spread as two fields, an interval as an object of "mean", "low"
/// and "high". What is absent is null, and so is a number that is not finite.
void add_to_json(nlohmann::ordered_json& object, const Column& column, const Cell& cell);
/// "steerability_sd".
[[nodiscard]] std::string sd_field(const Column& column);
[[nodiscard]] Interval interval_from_json(const JsonValue& json);

template <typename Row>
[[nodiscard]] nlohmann::ordered_json row_json(const Fields<Row>& fields, const Row& row) {
  auto object = nlohmann::ordered_json::object();
  for (const auto& field : fields) add_to_json(object, field.column, cell_of(field, row));
  return object;
}

/// Puts what an object has under a field's name into the row.
template <typename Row>
struct FieldReader {
  Row& row;
  const JsonValue& object;
  const std::string& name;

  void operator()(std::string Row::* member) const { row.*member = object.require(name).text(); }
  void operator()(std::size_t Row::* member) const { row.*member = object.require(name).count(); }
  void operator()(double Row::* member) const { row.*member = object.require(name).number(); }
  void operator()(std::optional<std::size_t> Row::* member) const {
    if (const auto value = object.find(name)) row.*member = value->count();
  }
  void operator()(std::optional<double> Row::* member) const {
    if (const auto value = object.find(name)) row.*member = value->number();
  }
  void operator()(std::optional<Interval> Row::* member) const {
    if (const auto value = object.find(name)) row.*member = interval_from_json(*value);
  }
  void operator()(const std::function<Cell(const Row&)>& /*follows from the others*/) const {}
};

/// The inverse of row_json. What may be absent may be missing.
template <typename Row>
[[nodiscard]] Row row_from_json(const Fields<Row>& fields, const JsonValue& object) {
  object.check_is_object();
  Row row;
  for (const auto& [column, member, sd] : fields) {
    std::visit(FieldReader<Row>{row, object, column.field}, member);
    if (sd != nullptr) FieldReader<Row>{row, object, sd_field(column)}(sd);
  }
  return row;
}

}  // namespace w2s
