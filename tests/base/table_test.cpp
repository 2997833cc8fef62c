#include "w2s/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace w2s {
namespace {

const Table fruit = {
    .columns = columns_named({"name", "count", "price"}),
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
  const Table table{.columns = columns_named({"policy", "steerability"}),
                    .rows = {{std::string("a"), std::string("1.5 ± 0.1")}, {std::string("b"), std::string("12.55")}}};
  EXPECT_EQ(render_text(table),
            "policy  steerability\n"
            "------  ------------\n"
            "a          1.5 ± 0.1\n"
            "b              12.55\n");
}

TEST(Table, AlignsGainsWithSignsLikeNumbers) {
  const Table table{.columns = columns_named({"gain over fixed"}),
                    .rows = {{std::string("+0.1 [0, 1]")}, {std::string("-2")}}};
  EXPECT_EQ(render_text(table), "gain over fixed\n---------------\n    +0.1 [0, 1]\n             -2\n");
}

TEST(Table, PrintsItsHeaderWhenItHasNoRows) {
  const Table empty{.columns = columns_named({"a", "b"}), .rows = {}};
  EXPECT_EQ(render_text(empty), "a  b\n-  -\n");
  EXPECT_EQ(render_csv(empty), "a,b\n");
  EXPECT_EQ(render_json(empty), "[]\n");
  EXPECT_EQ(render_jsonl(empty), "");
}

TEST(Table, QuotesCsvFieldsAsRfc4180Says) {
  const Table table{.columns = columns_named({"plain", "comma,inside", "quote"}),
                    .rows = {{std::string("a b"), std::string("line\nbreak"), std::string("say \"hi\"")}}};
  EXPECT_EQ(render_csv(table), "plain,\"comma,inside\",quote\na b,\"line\nbreak\",\"say \"\"hi\"\"\"\n");
}

TEST(Table, LeavesAnAbsentCsvFieldEmpty) { EXPECT_EQ(render_csv(fruit), "name,count,price\napple,3,0.5\nfig,12,\n"); }

TEST(Table, EscapesPipesInMarkdown) {
  const Table table{.columns = columns_named({"name", "n"}), .rows = {{std::string("a|b"), std::int64_t{1}}}};
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
  const auto rendered = render_latex({.columns = columns_named({"x"}), .rows = {{text}}});
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
  const Table table{.columns = columns_named({"a_b"}), .rows = {{-1.5}, {std::string("2 ± 1")}}};
  EXPECT_THAT(render_latex(table), testing::StartsWith("\\begin{tabular}{r}\n\\toprule\na\\_b \\\\\n"));
}

TEST(Table, IsAListOfObjectsInJson) {
  EXPECT_EQ(render_jsonl(fruit),
            "{\"name\":\"apple\",\"count\":3,\"price\":0.5}\n{\"name\":\"fig\",\"count\":12,\"price\":null}\n");
}

TEST(Table, WritesDoublesThatReadBackEqual) {
  const double value = 0.1 + 0.2;
  EXPECT_EQ(std::stod(to_string(Datum(value))), value);
}

TEST(Table, HasNoJsonNumberForWhatIsNotFinite) {
  const Table table{.columns = columns_named({"x"}), .rows = {{std::numeric_limits<double>::quiet_NaN()}}};
  EXPECT_EQ(render_jsonl(table), "{\"x\":null}\n");
}

TEST(Table, ReplacesInvalidUtf8InJson) {
  const Table table{.columns = columns_named({"x"}), .rows = {{std::string("a\xff")}}};
  EXPECT_EQ(render_jsonl(table), "{\"x\":\"a\xef\xbf\xbd\"}\n");
}

const Column steerability = {"steerability", "steers", decimals(2), Column::Parts::spread};

TEST(Spread, IsOneColumnForPeopleAndTwoForPrograms) {
  const Table table{.columns = {steerability}, .rows = {{Spread{.value = 2.545, .sd = 0.009}}, {Spread{.value = 1}}}};
  EXPECT_EQ(render_markdown(table), "| steers |\n| ---: |\n| 2.54 ± 0.01 |\n| 1.00 |\n");
  EXPECT_EQ(render_csv(table), "steerability,steerability_sd\n2.545,0.009\n1,\n");
  EXPECT_EQ(render_jsonl(table),
            "{\"steerability\":2.545,\"steerability_sd\":0.009}\n{\"steerability\":1.0,\"steerability_sd\":null}\n");
}

TEST(Spread, HasItsOwnDecimalsWhereMoreAreNotKnown) {
  auto in_parentheses = decimals(5);
  in_parentheses.sd_is_in_parentheses = true;
  EXPECT_EQ(to_text(Spread{.value = 1.259, .sd = 0.014}, in_parentheses), "1.25900 (0.01400)");
  EXPECT_EQ(to_text(Spread{.value = 1.259, .sd = 0.014, .decimals = 3}, in_parentheses), "1.259 (0.014)");
}

TEST(Interval, IsOneColumnForPeopleAndThreeForPrograms) {
  const Table table{.columns = {{"gain_over_fixed", "gain", signed_decimals(1), Column::Parts::interval, "gain"}},
                    .rows = {{Interval{.mean = 0.5, .low = -0.25, .high = 1}}, {{}}}};
  EXPECT_EQ(render_markdown(table), "| gain |\n| ---: |\n| +0.5 [-0.2, +1.0] |\n|  |\n");
  EXPECT_EQ(render_csv(table), "gain_mean,gain_low,gain_high\n0.5,-0.25,1\n,,\n");
}

TEST(Notation, WritesSharesAsPercentages) {
  EXPECT_EQ(to_text(0.984, percentage()), "98.4%");
  EXPECT_EQ(to_text(Spread{.value = 0.984, .sd = 0.005}, percentage()), "98.4 ± 0.5%");
}

TEST(Notation, LeavesWholeNumbersAndTextsAsTheyAre) {
  EXPECT_EQ(to_text(std::int64_t{12}, decimals(3)), "12");
  EXPECT_EQ(to_text("a", decimals(3)), "a");
  EXPECT_EQ(to_text(1234.5678, significant_digits(4)), "1235");
}

TEST(Column, IsSeenByThoseItHasANameFor) {
  const Table table{.columns = {for_people(steerability), for_programs(steerability)}, .rows = {{1.5, 2.5}}};
  EXPECT_EQ(render_markdown(table), "| steers |\n| ---: |\n| 1.50 |\n");
  EXPECT_EQ(render_csv(table), "steerability,steerability_sd\n2.5,\n");
}

struct Fruit {
  std::string name;
  std::size_t count = 0;
  std::optional<double> price;
};

TEST(Fields, MakeATableOfRows) {
  const Fields<Fruit> fields = {{column_named("name"), &Fruit::name},
                                {column_named("count"), &Fruit::count},
                                {{"price", "costs", decimals(2)}, &Fruit::price},
                                {{.heading = "many"}, [](const Fruit& row) { return Cell(row.count > 1 ? "*" : ""); }}};
  const auto table = table_of(fields, std::vector<Fruit>{{"apple", 3, 0.5}, {"fig", 1, std::nullopt}});
  EXPECT_EQ(render_csv(table), "name,count,price\napple,3,0.5\nfig,1,\n");
  EXPECT_EQ(render_text(table),
            "name   count  costs  many\n-----  -----  -----  ----\napple      3   0.50  *\nfig        1      -  -\n");
}

}  // namespace
}  // namespace w2s
