// `w2s report`, on a tiny model's study.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>

#include "cli/small_study.h"
#include "w2s/base.h"
#include "w2s/report.h"

namespace w2s::test {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Report : public SmallStudy {
 protected:
  void SetUp() override {
    SmallStudy::SetUp();
    const auto run = w2s(run_arguments({"--quiet"}));
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }

  [[nodiscard]] std::ptrdiff_t files_in_results() const {
    return std::distance(fs::directory_iterator(path("results")), {});
  }
};

// With its figures, a program has its page as well.
class ReportOfAProgramWithPages : public Report {
 protected:
  void SetUp() override {
    if (!can_draw_paper_figures()) GTEST_SKIP() << "built with W2S_WEB=OFF";
    Report::SetUp();
  }
};

TEST_F(Report, SaysHowToGetAPageWhereTheProgramHasNone) {
  if (can_draw_paper_figures()) GTEST_SKIP() << "built with W2S_WEB=ON";
  const auto result = w2s({"report", path("results")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("Node.js 20.19"), HasSubstr("-DW2S_WEB=ON")));
  EXPECT_FALSE(exists("results/report.html"));
}

TEST_F(ReportOfAProgramWithPages, IsAFileInTheFolderUnlessItIsNamed) {
  const auto result = w2s({"report", path("results")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(StartsWith(path("results/report.html") + " ("), HasSubstr(" MB)\n")));
  const auto page = read_file(path("results/report.html"));
  EXPECT_THAT(page, HasSubstr("\"title\":\"results\""));

  const auto named = w2s({"report", path("results"), "-o", path("named.html"), "--quiet"});
  ASSERT_EQ(named.exit_code, 0) << named.err;
  EXPECT_EQ(read_file(path("named.html")), page);
  EXPECT_THAT(named.err, IsEmpty());
}

TEST_F(ReportOfAProgramWithPages, DrawsFiguresAsWell) {
  const auto result = w2s({"report", path("results"), "--figures", path("figures")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr(path("figures")));
  EXPECT_TRUE(exists("results/report.html"));
  EXPECT_THAT(read_file(path("figures/figure1.svg")), HasSubstr("<svg"));
}

TEST_F(ReportOfAProgramWithPages, IsWrittenWholeOrNotAtAll) {
  write("results/report.html", "an earlier page");
  const auto files = files_in_results();
  const auto result = w2s({"report", path("results")}, {.file_size_limit = 4096});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("report.html"));
  EXPECT_EQ(read_file(path("results/report.html")), "an earlier page");
  EXPECT_EQ(files_in_results(), files) << "nothing is left behind";
}

TEST_F(ReportOfAProgramWithPages, NamesWhatIsWrongBeforeItReadsAnything) {
  const auto result = w2s({"report", path("results"), "-o", path("no/such/folder.html")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("there is no folder"));
  EXPECT_THAT(w2s({"report", path("nothing")}).err, HasSubstr("no such results folder"));
}

}  // namespace
}  // namespace w2s::test
