#include "cli/print/output.h"

#include <gmock/gmock.h>

namespace w2s::cli {
namespace {

TEST(ReportOfACommand, HasItsNotesAsAListInMarkdown) {
  Report report;
  report.table = {.columns = columns_named({"name"}), .rows = {{Cell("a")}}};
  report.notes = "First.\n\nSecond:\n  its detail\n";
  EXPECT_EQ(render(report, Format::md), "| name |\n| --- |\n| a |\n\n- First.\n- Second:\n  - its detail\n");
  EXPECT_THAT(render(report, Format::table), testing::EndsWith("First.\n\nSecond:\n  its detail\n"));
}

TEST(ReportOfACommand, HasItsNotesAsCommentsInLatex) {
  Report report;
  report.table = {.columns = columns_named({"name"}), .rows = {{Cell("a")}}};
  report.notes = "First.\n\nSecond: 5%\n";
  EXPECT_THAT(render(report, Format::latex), testing::EndsWith("\\end{tabular}\n% First.\n% Second: 5%\n"));
}

}  // namespace
}  // namespace w2s::cli
