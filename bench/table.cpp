#include "table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace w2s::bench {
namespace {

using Cells = std::array<std::string, 5>;

Cells cells_of(const TableRow& row) { return {row.what, row.threads, row.measured, row.beside, row.ratio}; }

}  // namespace

std::string Table::text() const {
  std::vector<Cells> lines = {{"what", "threads", "measured", "beside", "ratio"}, {"---", "---", "---", "---", "---"}};
  for (const auto& row : rows_) lines.push_back(cells_of(row));
  std::array<std::size_t, std::tuple_size_v<Cells>> widths{};
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) text += fmt::format("| {:<{}} ", line[i], widths[i]);
    text += "|\n";
  }
  return text;
}

}  // namespace w2s::bench
