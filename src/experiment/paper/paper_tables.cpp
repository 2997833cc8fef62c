#include "w2s/experiment.h"

#include <array>
#include <utility>

#include "experiment/paper/builders.h"

namespace w2s {
namespace {

constexpr auto builders = std::to_array({
    paper::figure1,           paper::figure1_layers,    paper::table1,
    paper::figure3,           paper::figure4,           paper::table2,
    paper::supp_figures1_2,   paper::supp_figures3_4,   paper::supp_figures5_6,
    paper::supp_figures7_8,   paper::supp_figure9,      paper::supp_figure9_points,
    paper::supp_figures10_11, paper::supp_figures14_15, paper::supp_figures16_17,
    paper::supp_table4,       paper::supp_figure18,     paper::supp_table3,
    paper::supp_figures19_22,
});

}  // namespace

std::vector<PaperTable> paper_tables(std::span<const StudyFindings> findings) {
  std::vector<PaperTable> tables;
  for (const auto build : builders) {
    auto table = build(findings);
    if (!table.table.rows.empty()) tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace w2s
