#include "vectors/csv.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "data/text.h"
#include "w2s/base.h"

namespace w2s::vectors {
namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const auto comma = line.find(',');
    fields.push_back(data::strip(line.substr(0, comma)));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

template <typename Number>
std::optional<Number> parse_whole(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Written with more than a float's range, a number near 0 is 0.
std::optional<float> parse_float(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (const auto number = parse_whole<float>(text)) return number;
  const auto wide = parse_whole<double>(text);
  if (!wide || std::abs(*wide) >= 1) return std::nullopt;
  return static_cast<float>(*wide);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(data::without_byte_order_mark(text)) {}

  [[nodiscard]] LayerDirections read() {
    const auto header = next_line();
    if (!header || header->front() != "layer" || header->size() < 2)
      refuse("the header must be layer,0,1,... with a column for each number of a direction");
    const std::size_t columns = header->size();
    LayerDirections directions;
    while (const auto line = next_line()) add(directions, *line, columns);
    return directions;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorKind::vectors, fmt::format("line {}: {}", number_, why));
  }

  // Lines without text are passed over.
  std::optional<std::vector<std::string_view>> next_line() {
    while (!rest_.empty()) {
      const auto end = std::min(rest_.find('\n'), rest_.size());
      const auto line = data::strip(rest_.substr(0, end));
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++number_;
      if (!line.empty()) return fields_of(line);
    }
    return std::nullopt;
  }

  void add(LayerDirections& directions, const std::vector<std::string_view>& fields, std::size_t columns) const {
    if (fields.size() != columns) refuse(fmt::format("{} columns, the header has {}", fields.size(), columns));
    const auto layer = parse_layer(fields.front());
    if (!layer) refuse(fmt::format("'{}' is no layer", fields.front()));
    if (directions.by_layer.contains(*layer)) refuse(fmt::format("layer {} comes twice", *layer));
    std::vector<float> values;
    for (std::size_t i = 1; i < columns; ++i) {
      const auto value = parse_float(fields[i]);
      if (!value) refuse(fmt::format("'{}' is no number that a float can hold", fields[i]));
      values.push_back(*value);
    }
    add_direction(directions, *layer, std::move(values));
  }

  std::string_view rest_;
  std::size_t number_ = 0;
};

}  // namespace

std::string csv_of(const LayerDirections& directions) {
  std::string text = "layer";
  const std::size_t width = directions.by_layer.empty() ? 0 : directions.by_layer.begin()->second.size();
  for (std::size_t i = 0; i < width; ++i) fmt::format_to(std::back_inserter(text), ",{}", i);
  text += '\n';
  for (const auto& [layer, direction] : directions.by_layer) {
    fmt::format_to(std::back_inserter(text), "{}", layer);
    for (const float value : direction) fmt::format_to(std::back_inserter(text), ",{}", value);
    text += '\n';
  }
  return text;
}

LayerDirections directions_of_csv(std::string_view text) { return Reader(text).read(); }

}  // namespace w2s::vectors
