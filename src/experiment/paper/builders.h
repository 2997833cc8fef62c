// A function for each of the paper's tables and figures; one without rows is that for which there are no findings.
#pragma once

#include "experiment/paper/findings.h"
#include "w2s/experiment.h"

namespace w2s::paper {

[[nodiscard]] PaperTable table1(Findings findings);
[[nodiscard]] PaperTable table2(Findings findings);
[[nodiscard]] PaperTable supp_table3(Findings findings);

[[nodiscard]] PaperTable figure3(Findings findings);
[[nodiscard]] PaperTable figure4(Findings findings);
[[nodiscard]] PaperTable supp_figures1_2(Findings findings);
[[nodiscard]] PaperTable supp_figures3_4(Findings findings);
[[nodiscard]] PaperTable supp_figures5_6(Findings findings);
[[nodiscard]] PaperTable supp_figures7_8(Findings findings);
[[nodiscard]] PaperTable supp_figures19_22(Findings findings);

[[nodiscard]] PaperTable figure1(Findings findings);
[[nodiscard]] PaperTable figure1_layers(Findings findings);
[[nodiscard]] PaperTable supp_figures14_15(Findings findings);
[[nodiscard]] PaperTable supp_figures16_17(Findings findings);
[[nodiscard]] PaperTable supp_figure18(Findings findings);
[[nodiscard]] PaperTable supp_table4(Findings findings);

[[nodiscard]] PaperTable supp_figure9(Findings findings);
[[nodiscard]] PaperTable supp_figure9_points(Findings findings);
[[nodiscard]] PaperTable supp_figures10_11(Findings findings);

}  // namespace w2s::paper
