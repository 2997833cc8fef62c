#include "cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace w2s::cli {
namespace {

const Table fruit = {
    .columns = {"name", "count", "price"},
    .rows = {{std::string("apple"), std::int64_t{3}, 0.5}, {std::string("fig"), std::int64_t{12}, {}}}};

TEST(Table, AlignsTextToTheLeftAndNumbersToTheRight) {
  EXPECT_EQ(render_text(fruit),
            "name   count  price\n"
            "-----  -----  -----\n"
            "apple      3    0.5\n"
            "fig       12      -\n");
}

TEST(Table, CountsAPlusMinusSignAsOneColumn) {
  EXPECT_EQ(display_width("1.5 ± 0.1"), 9U);
  const Table table{.columns = {"policy", "steerability"},
                    .rows = {{std::string("a"), std::string("1.5 ± 0.1")}, {std::string("b"), std::string("12.55")}}};
  EXPECT_EQ(render_text(table),
            "policy  steerability\n"
            "------  ------------\n"
            "a          1.5 ± 0.1\n"
            "b              12.55\n");
}

TEST(Table, AlignsGainsWithSignsLikeNumbers) {
  const Table table{.columns = {"gain over fixed"}, .rows = {{std::string("+0.1 [0, 1]")}, {std::string("-2")}}};
  EXPECT_EQ(render_text(table), "gain over fixed\n---------------\n    +0.1 [0, 1]\n             -2\n");
}

TEST(Table, PrintsItsHeaderWhenItHasNoRows) {
  const Table empty{.columns = {"a", "b"}, .rows = {}};
  EXPECT_EQ(render_text(empty), "a  b\n-  -\n");
  EXPECT_EQ(render_csv(empty), "a,b\n");
  EXPECT_EQ(render_json(empty), "[]\n");
  EXPECT_EQ(render_jsonl(empty), "");
}

TEST(Table, QuotesCsvFieldsAsRfc4180Says) {
  const Table table{.columns = {"plain", "comma,inside", "quote"},
                    .rows = {{std::string("a b"), std::string("line\nbreak"), std::string("say \"hi\"")}}};
  EXPECT_EQ(render_csv(table), "plain,\"comma,inside\",quote\na b,\"line\nbreak\",\"say \"\"hi\"\"\"\n");
}

TEST(Table, LeavesAnAbsentCsvFieldEmpty) { EXPECT_EQ(render_csv(fruit), "name,count,price\napple,3,0.5\nfig,12,\n"); }

TEST(Table, EscapesPipesInMarkdown) {
  const Table table{.columns = {"name", "n"}, .rows = {{std::string("a|b"), std::int64_t{1}}}};
  EXPECT_EQ(render_markdown(table), "| name | n |\n| --- | ---: |\n| a\\|b | 1 |\n");
}

TEST(Table, IsABooktabsTabularInLatex) {
  EXPECT_EQ(render_latex(fruit),
            "\\begin{tabular}{lrr}\n"
            "\\toprule\n"
            "name & count & price \\\\\n"
            "\\midrule\n"
            "apple & 3 & 0.5 \\\\\n"
            "fig & 12 & -- \\\\\n"
            "\\bottomrule\n"
            "\\end{tabular}\n");
}

std::string latex_of(const std::string& text) {
  const auto rendered = render_latex({.columns = {"x"}, .rows = {{text}}});
  const auto begin = rendered.find("\\midrule\n") + 9;
  return rendered.substr(begin, rendered.find(" \\\\\n\\bottomrule") - begin);
}

TEST(Table, EscapesWhatIsSpecialToLatex) {
  EXPECT_EQ(latex_of("50% of $5 & #1_a{b}"), R"(50\% of \$5 \& \#1\_a\{b\})");
  EXPECT_EQ(latex_of(R"(a\b~c^d<e>f|g)"),
            R"(a\textbackslash{}b\textasciitilde{}c\textasciicircum{}d\textless{}e\textgreater{}f\textbar{}g)");
  EXPECT_EQ(latex_of("two\nlines"), "two lines");
}

TEST(Table, SetsPlusMinusAndMinusSignsInLatexMath) {
  EXPECT_EQ(latex_of("1.5 ± 0.1"), R"(1.5 $\pm$ 0.1)");
  EXPECT_EQ(latex_of("-0.5 [-1, +.5]"), "$-$0.5 [$-$1, +.5]");
  EXPECT_EQ(latex_of("Top-1, 1e-05"), "Top-1, 1e-05");
  EXPECT_EQ(latex_of("naïve"), "naïve");
}

TEST(Table, AlignsLatexNumbersToTheRightWhateverTheyTurnInto) {
  const Table table{.columns = {"a_b"}, .rows = {{-1.5}, {std::string("2 ± 1")}}};
  EXPECT_THAT(render_latex(table), testing::StartsWith("\\begin{tabular}{r}\n\\toprule\na\\_b \\\\\n"));
}

TEST(Table, IsAListOfObjectsInJson) {
  EXPECT_EQ(render_jsonl(fruit),
            "{\"name\":\"apple\",\"count\":3,\"price\":0.5}\n{\"name\":\"fig\",\"count\":12,\"price\":null}\n");
}

TEST(Table, WritesDoublesThatReadBackEqual) {
  const double value = 0.1 + 0.2;
  EXPECT_EQ(std::stod(to_string(Cell(value))), value);
}

TEST(Table, HasNoJsonNumberForWhatIsNotFinite) {
  const Table table{.columns = {"x"}, .rows = {{std::numeric_limits<double>::quiet_NaN()}}};
  EXPECT_EQ(render_jsonl(table), "{\"x\":null}\n");
}

TEST(Table, ReplacesInvalidUtf8InJson) {
  const Table table{.columns = {"x"}, .rows = {{std::string("a\xff")}}};
  EXPECT_EQ(render_jsonl(table), "{\"x\":\"a\xef\xbf\xbd\"}\n");
}

}  // namespace
}  // namespace w2s::cli
