// The one table that all benchmarks write into.
#pragma once

#include <string>
#include <vector>

namespace w2s::bench {

struct TableRow {
  std::string what;
  std::string threads;
  std::string measured;
  std::string beside;  ///< what it is compared with
  std::string ratio;
};

class Table {
 public:
  void add(TableRow row) { rows_.push_back(std::move(row)); }

  /// As Markdown, in columns.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<TableRow> rows_;
};

}  // namespace w2s::bench
