// Tables as plain values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace w2s {

/// Nothing, a text or a number.
using Cell = std::variant<std::monostate, std::string, std::int64_t, double>;

/// Every row has as many cells as there are columns.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
};

}  // namespace w2s
