#include "w2s/report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "report/xml_reader.h"
#include "support/error_of.h"
#include "w2s/base.h"
#include "w2s/predictor.h"

namespace w2s {
namespace {

using test::xml_elements;
using test::XmlElement;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

class PaperFigures : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!can_draw_paper_figures()) GTEST_SKIP() << "built with W2S_WEB=OFF";
  }
};

struct Names {
  std::string model = "SmolLM2-135M-Instruct";
  std::vector<std::string> behaviors = {"openness", "power-seeking", "self-awareness"};
  std::string encoder = "first-last";
};

std::vector<PolicyResult> results_of(const std::string& behavior, double shift) {
  std::vector<PolicyResult> results;
  for (const char* variant : {"BASE", "SYS.NEG", "SYS.POS", "USER.NEG", "USER.POS"}) {
    for (const char* method : {"caa", "l2s"}) {
      double more = 0;
      for (const char* policy : {"fixed", "w2s-top1", "w2s-top2", "w2s-expected", "optimum"}) {
        PolicyResult result;
        result.behavior = behavior;
        result.method = method;
        result.variant = variant;
        result.policy = policy;
        result.samples = 10;
        result.steerability = shift + more;
        result.steerability_sd = 0.125;
        result.proportion_steerable = 0.5 + more / 10;
        result.accuracy = 0.25;
        results.push_back(result);
        more += 0.5;
      }
    }
  }
  return results;
}

LayerAnalysis analysis_of(const std::string& behavior, const std::string& method) {
  LayerAnalysis analysis;
  analysis.behavior = behavior;
  analysis.method = method;
  analysis.layers = {3, 4, 9, 10};
  analysis.fitting_mean = {0.5, 1.5, -0.25, 0.75};
  analysis.fixed_layer = 4;
  analysis.test_samples = 4;
  analysis.best_count = {1, 2, 1, 0};
  analysis.distance_from_fixed = 1.5;
  analysis.fixed = 2;
  analysis.kth_best = {3, 1.75, 1, std::nullopt};
  analysis.gain = {0, 4, 0, 1};
  analysis.labels = {{.top_k = 1, .layers = 30, .accuracy = 0.25}, {.top_k = 2, .layers = 20, .accuracy = 0.5}};
  return analysis;
}

EncoderSpace space_of(const Names& names) {
  EncoderSpace space{.encoder = names.encoder, .width = 576, .silhouette = 0.25, .points = {}};
  double position = 0;
  for (const auto& behavior : names.behaviors) {
    for (const char* sample : {"1", "2", "3"}) {
      space.points.push_back({.behavior = behavior, .sample = sample, .umap = {position, -position}});
      ++position;
    }
  }
  return space;
}

StudyFindings findings_of(const Names& names) {
  StudyFindings findings;
  findings.model = names.model;
  for (const auto& behavior : names.behaviors) {
    const auto results = results_of(behavior, static_cast<double>(behavior.size()) / 4);
    findings.results.insert(findings.results.end(), results.begin(), results.end());
    for (const char* method : {"caa", "l2s"}) findings.analyses.push_back(analysis_of(behavior, method));
    findings.encoders.push_back({.encoder = names.encoder,
                                 .behavior = behavior,
                                 .method = "caa",
                                 .cv_accuracy = 0.25,
                                 .cv_steerability = 1.5,
                                 .test_accuracy = 0.5,
                                 .test_steerability = 2});
  }
  const auto means = mean_over_behaviors(findings.results);
  findings.results.insert(findings.results.end(), means.begin(), means.end());
  findings.spaces = {space_of(names)};
  return findings;
}

std::vector<PaperTable> tables_with(const Names& names) {
  const std::vector<StudyFindings> findings = {findings_of(names)};
  return paper_tables(findings);
}

std::string all_text_of(const std::vector<XmlElement>& elements) {
  std::string text;
  for (const auto& element : elements) text += element.text + "\n";
  return text;
}

// "url(#clip)" and "#clip" stay within the document.
bool leaves_the_document(const std::string& attribute, const std::string& value) {
  const bool is_reference = attribute == "href" || attribute == "xlink:href" || attribute == "src";
  const auto url = value.find("url(");
  return (is_reference && !value.starts_with('#') && !value.starts_with("data:")) ||
         (url != std::string::npos && !value.substr(url).starts_with("url(#"));
}

void expect_stands_alone(const PaperFigure& figure) {
  SCOPED_TRACE(figure.id);
  const auto elements = xml_elements(figure.svg);
  EXPECT_EQ(elements.front().name, "svg");
  EXPECT_EQ(elements.front().attributes.at("xmlns"), "http://www.w3.org/2000/svg");
  for (const auto& [name, attributes, text] : elements) {
    EXPECT_NE(name, "script");
    EXPECT_NE(name, "foreignObject");
    if (name == "style") {
      EXPECT_EQ(text.find("@import"), std::string::npos);
      EXPECT_FALSE(leaves_the_document(name, text)) << text;
    }
    for (const auto& [attribute, value] : attributes) {
      EXPECT_FALSE(attribute.starts_with("on")) << attribute;
      EXPECT_FALSE(leaves_the_document(attribute, value)) << attribute << "=" << value;
      EXPECT_EQ(value.find("NaN"), std::string::npos) << attribute << "=" << value;
    }
  }
}

TEST_F(PaperFigures, AreDrawnForEachTableThatIsAFigure) {
  const auto tables = tables_with({});
  std::vector<std::string> expected;
  for (const auto& table : tables) {
    if (!table.id.starts_with("table") && !table.id.starts_with("supp-table")) expected.push_back(table.id);
  }
  ASSERT_GE(expected.size(), 12U);
  std::vector<std::string> drawn;
  for (const auto& figure : paper_figures(tables)) drawn.push_back(figure.id);
  EXPECT_THAT(drawn, ElementsAreArray(expected));
}

TEST_F(PaperFigures, StandAlone) {
  for (const auto& figure : paper_figures(tables_with({}))) expect_stands_alone(figure);
}

TEST_F(PaperFigures, NameWhatTheyShow) {
  const auto tables = tables_with({});
  for (const auto& figure : paper_figures(tables)) {
    SCOPED_TRACE(figure.id);
    EXPECT_EQ(figure.title, std::ranges::find(tables, figure.id, &PaperTable::id)->title);
    EXPECT_THAT(all_text_of(xml_elements(figure.svg)), HasSubstr(figure.title));
  }
}

TEST_F(PaperFigures, AreTheSameBytesEachTime) {
  const auto tables = tables_with({});
  const auto once = paper_figures(tables);
  const auto again = paper_figures(tables);
  ASSERT_EQ(once.size(), again.size());
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_EQ(once[i].svg, again[i].svg) << once[i].id;
}

TEST_F(PaperFigures, ShowHostileNamesAsText) {
  const Names hostile{.model = "</title></svg><script>alert(1)</script>",
                      .behaviors = {"a\" onload=\"alert(1)", "]]>&amp;<!-- \xE2\x80\xAE", "\xF0\x9F\x99\x82'"},
                      .encoder = "__proto__"};
  const auto figures = paper_figures(tables_with(hostile));
  ASSERT_FALSE(figures.empty());
  for (const auto& figure : figures) expect_stands_alone(figure);
}

TEST_F(PaperFigures, ReplaceWhatIsNoTextInXml) {
  const Names broken{.model = std::string("a\0b\x01", 4),
                     .behaviors = {"\xFF\xFE", "\xEF\xBF\xBF\xEF\xBF\xBE", "\xED\xA0\x80"},
                     .encoder = "\x1B[31m"};
  const auto figures = paper_figures(tables_with(broken));
  ASSERT_FALSE(figures.empty());
  for (const auto& figure : figures) expect_stands_alone(figure);
}

TEST_F(PaperFigures, AreDrawnWhereNumbersAreMissing) {
  auto tables = tables_with({});
  for (auto& paper : tables) {
    for (auto& row : paper.table.rows) {
      for (auto& cell : row) {
        if (std::holds_alternative<double>(cell)) cell = std::numeric_limits<double>::quiet_NaN();
      }
    }
  }
  for (const auto& figure : paper_figures(tables)) expect_stands_alone(figure);
}

TEST_F(PaperFigures, AreDrawnOfOneBehavior) {
  for (const auto& figure : paper_figures(tables_with({.behaviors = {"openness"}}))) expect_stands_alone(figure);
}

TEST_F(PaperFigures, AreNoneOfNoTables) { EXPECT_TRUE(paper_figures({}).empty()); }

TEST(PaperFiguresWithoutWeb, SayHowToGetThem) {
  if (can_draw_paper_figures()) GTEST_SKIP() << "built with W2S_WEB=ON";
  EXPECT_THAT(test::message_of(ErrorKind::usage, [] { (void)paper_figures({}); }), HasSubstr("W2S_WEB=OFF"));
}

TEST(XmlReader, RefusesWhatIsNotWellFormed) {
  EXPECT_EQ(xml_elements("<a b=\"&lt;&#65;\">x<c/>y</a>").front().text, "xy");
  EXPECT_EQ(xml_elements("<a b=\"&lt;&#65;\">x<c/>y</a>").front().attributes.at("b"), "<A");
  for (const char* document :
       {"", "<a>", "<a></b>", "<a b=c/>", "<a b=\"1\" b=\"2\"/>", "<a b=\"<\"/>", "<a>&nbsp;</a>", "<a>&</a>",
        "<a>]]></a>", "<a/><b/>", "<a b=\"1\"c=\"2\"/>", "<a>\x01</a>", "<a>&#1;</a>", "<a>\xFF</a>", "text"}) {
    EXPECT_THROW((void)xml_elements(document), std::runtime_error) << document;
  }
}

}  // namespace
}  // namespace w2s
