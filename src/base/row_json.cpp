#include "base/row_json.h"

#include <cmath>

namespace w2s {
namespace {

using Json = nlohmann::ordered_json;

Json number_json(double number) { return std::isfinite(number) ? Json(number) : Json(nullptr); }

struct DatumJson {
  Json operator()(std::monostate /*nothing*/) const { return nullptr; }
  Json operator()(double number) const { return number_json(number); }
  template <typename Other>
  Json operator()(const Other& other) const {
    return other;
  }
};

struct CellJson : DatumJson {
  using DatumJson::operator();
  Json operator()(const Spread& spread) const { return number_json(spread.value); }
  Json operator()(const Interval& interval) const {
    return {
        {"mean", number_json(interval.mean)}, {"low", number_json(interval.low)}, {"high", number_json(interval.high)}};
  }
};

}  // namespace

Json datum_json(const Datum& datum) { return std::visit(DatumJson(), datum); }

Json records_json(const Records& records) {
  Json list = Json::array();
  for (const auto& row : records.rows) {
    Json object = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i) object[records.fields[i]] = datum_json(row[i]);
    list.push_back(std::move(object));
  }
  return list;
}

void add_to_json(Json& object, const Column& column, const Cell& cell) {
  object[column.field] = std::visit(CellJson(), cell);
  if (column.parts != Column::Parts::spread) return;
  const auto* spread = std::get_if<Spread>(&cell);
  object[sd_field(column)] = spread != nullptr && spread->sd ? number_json(*spread->sd) : Json(nullptr);
}

std::string sd_field(const Column& column) { return (column.stem.empty() ? column.field : column.stem) + "_sd"; }

Interval interval_from_json(const JsonValue& json) {
  return {.mean = json.require("mean").number(),
          .low = json.require("low").number(),
          .high = json.require("high").number()};
}

}  // namespace w2s
