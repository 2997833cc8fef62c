#include "cli/print/table_files.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"
#include "w2s/report.h"

namespace w2s::cli {
namespace {

const Column steerability = {
    .field = "steerability",
    .heading = "steerability",
    .notation = {.digits = Notation::Digits::after_point, .count = 1, .sd_is_in_parentheses = true},
    .parts = Column::Parts::spread};

const PaperTable one_row = {.id = "table1",
                            .title = "Method against method",
                            .notes = "Means.\nm: 1 behavior, seed 0.\n",
                            .table = {.columns = {column_named("model_name"), steerability},
                                      .rows = {{"m", Spread{.value = -1.5, .sd = 0.1}}}}};

TEST(TableFiles, AreOneAFormat) {
  const test::TemporaryFolder folder;
  const auto where = folder / "not" / "there yet";
  write_tables(where, std::span(&one_row, 1));
  EXPECT_EQ(read_file(where / "table1.md"),
            "# Method against method\n\n| model_name | steerability |\n| --- | ---: |\n| m | -1.5 (0.1) |\n\n"
            "- Means.\n- m: 1 behavior, seed 0.\n");
  EXPECT_EQ(read_file(where / "table1.csv"), "model_name,steerability,steerability_sd\nm,-1.5,0.1\n");
  EXPECT_EQ(read_file(where / "table1.json"),
            "[\n  {\n    \"model_name\": \"m\",\n    \"steerability\": -1.5,\n    \"steerability_sd\": 0.1\n  }\n]\n");
  EXPECT_EQ(read_file(where / "table1.tex"),
            "% Method against method\n\\begin{tabular}{lr}\n\\toprule\nmodel\\_name & steerability \\\\\n\\midrule\n"
            "m & $-$1.5 (0.1) \\\\\n\\bottomrule\n\\end{tabular}\n% Means.\n% m: 1 behavior, seed 0.\n");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(where), {}), 4);
}

TEST(FigureFiles, AreOneAFigure) {
  if (!can_draw_paper_figures()) GTEST_SKIP() << "built with W2S_WEB=OFF";
  const std::vector<PaperTable> tables = {
      one_row,
      {.id = "supp-figure9",
       .title = "Silhouettes",
       .table = {.columns = columns_named({"model", "encoder", "width", "silhouette", "seeds"}),
                 .rows = {{"m", "first-last", std::int64_t{576}, 0.25, std::int64_t{1}}}}}};
  const test::TemporaryFolder folder;
  EXPECT_THAT(write_figures(folder / "figures", tables), testing::ElementsAre("supp-figure9.svg"));
  EXPECT_THAT(read_file(folder / "figures" / "supp-figure9.svg"), testing::HasSubstr("<svg"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "figures"), {}), 1);
}

TEST(TableFiles, SayWhereTheyCannotBeWritten) {
  const test::TemporaryFolder folder;
  write_file(folder / "taken", "");
  EXPECT_THAT(test::message_of(ErrorKind::io, [&] { write_tables(folder / "taken", std::span(&one_row, 1)); }),
              testing::HasSubstr("taken"));
}

}  // namespace
}  // namespace w2s::cli
