#include "report/render_report.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "report/page_reader.h"
#include "report/synthetic_reports.h"
#include "support/error_of.h"
#include "w2s/base.h"

namespace w2s::report {
namespace {

using nlohmann::json;
using test::bare_page;
using testing::HasSubstr;
using testing::Not;

std::set<std::string> keys_of(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

// "  name: type;" of an interface gives "name", everything else nothing.
std::string field_of(const std::string& line) {
  const auto colon = line.find(':');
  if (!line.starts_with("  ") || colon == std::string::npos) return {};
  auto name = line.substr(2, colon - 2);
  const bool is_name = std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  return is_name ? name : std::string();
}

// The fields of an interface in the page's own declaration of what it reads.
std::set<std::string> fields_of(const std::string& interface) {
  std::istringstream contract(read_file(std::filesystem::path(W2S_SOURCE_DIR) / "web/src/report/contract.ts"));
  std::set<std::string> fields;
  bool is_inside = false;
  for (std::string line; std::getline(contract, line);) {
    if (line == "}") is_inside = false;
    if (is_inside) fields.insert(field_of(line));
    if (line == "export interface " + interface + " {") is_inside = true;
  }
  fields.erase("");
  EXPECT_FALSE(fields.empty()) << interface;
  return fields;
}

json block(const std::map<std::string, std::string>& scripts, const json& id) {
  return json::parse(test::unpacked(scripts.at(id)));
}

// What a browser shows for bytes that are not UTF-8.
std::string as_utf8(const std::string& text) {
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace));
}

TEST(RenderReport, HasEveryFieldThatThePageReads) {
  test::SyntheticShape shape;
  shape.prompt_of = [](std::size_t, std::size_t sample) {
    return PromptText{
        .id = static_cast<std::int64_t>(sample), .before = "b", .steered = "s", .chosen = "A", .rejected = "B"};
  };
  const auto scripts = test::scripts_of(render_report(test::synthetic_report(shape), bare_page));
  const auto summary = json::parse(scripts.at("summary"));
  EXPECT_EQ(keys_of(summary), fields_of("Summary"));
  const auto& behavior = summary.at("behaviors").at(0);
  EXPECT_EQ(keys_of(behavior), fields_of("BehaviorSummary"));
  const auto& method = behavior.at("methods").at(0);
  EXPECT_EQ(keys_of(method), fields_of("MethodSummary"));
  const auto& predictor = method.at("predictors").at(0);
  EXPECT_EQ(keys_of(predictor), fields_of("PredictorSummary"));
  EXPECT_EQ(keys_of(predictor.at("settings")), fields_of("PredictorSettings"));
  EXPECT_EQ(keys_of(summary.at("results").at(0)), fields_of("PolicyResult"));
  EXPECT_EQ(keys_of(summary.at("encoders")), fields_of("EncoderComparison"));
  const auto samples = block(scripts, behavior.at("samplesBlock"));
  EXPECT_EQ(keys_of(samples), fields_of("SamplesBlock"));
  EXPECT_EQ(keys_of(samples.at("prompts").at(0)), fields_of("PromptText"));
  const auto points = block(scripts, summary.at("encoders").at("spaces").at(0).at("pointsBlock"));
  EXPECT_EQ(keys_of(points), fields_of("PointsBlock"));

  // Those that the contract has within a line.
  EXPECT_EQ(keys_of(summary.at("settings")), (std::set<std::string>{"measurement", "data", "run"}));
  EXPECT_EQ(keys_of(summary.at("program")), (std::set<std::string>{"w2s", "llama.cpp"}));
  EXPECT_EQ(keys_of(behavior.at("noise")),
            (std::set<std::string>{"samples", "propensity", "steerability", "bestLayerChanges"}));
  EXPECT_EQ(keys_of(behavior.at("seconds").at(0)), (std::set<std::string>{"stage", "seconds"}));
  EXPECT_EQ(keys_of(predictor.at("curves").at(0)), (std::set<std::string>{"training", "heldOut"}));
  EXPECT_EQ(keys_of(predictor.at("scores").at(0)),
            (std::set<std::string>{"learningRate", "hiddenWidth", "hiddenLayers", "weightDecay", "steerability",
                                   "accuracy", "epochs"}));
  EXPECT_EQ(keys_of(samples.at("methods").at("caa")), (std::set<std::string>{"best", "choices"}));
  EXPECT_EQ(keys_of(points.at("behaviors").at(0)), (std::set<std::string>{"behavior", "samples", "x", "y"}));
}

TEST(RenderReport, TellsOfEverySampleInOneOrder) {
  test::SyntheticShape shape;
  shape.behaviors = {"warm", "cold"};
  shape.methods = {"caa", "l2s"};
  const auto data = test::synthetic_report(shape);
  const auto scripts = test::scripts_of(render_report(data, bare_page));
  const auto summary = json::parse(scripts.at("summary"));
  for (std::size_t i = 0; i < data.behaviors.size(); ++i) {
    const auto& behavior = summary.at("behaviors").at(i);
    const auto samples = block(scripts, behavior.at("samplesBlock"));
    EXPECT_EQ(samples.at("ids"), json(data.behaviors[i].ids));
    EXPECT_EQ(samples.at("parts").size(), data.behaviors[i].ids.size());
    EXPECT_EQ(samples.at("parts").at(0), "test");
    EXPECT_TRUE(samples.at("prompts").is_null());
    for (std::size_t j = 0; j < data.methods.size(); ++j) {
      const auto& method = data.behaviors[i].methods[j];
      const auto& own = samples.at("methods").at(data.methods[j]);
      EXPECT_EQ(own.at("best"), json(method.best));
      EXPECT_EQ(own.at("choices"), json(method.choices));
      const auto& shown = behavior.at("methods").at(j);
      EXPECT_EQ(shown.at("fixedLayer"), method.analysis.fixed_layer);
      EXPECT_EQ(shown.at("agreement").is_null(), data.methods[j] == "caa");
      const auto numbers = test::unpacked(scripts.at(shown.at("numbersBlock")));
      EXPECT_EQ(numbers.size(), shape.samples * (4 + 2 * shape.layers * shape.multipliers.size() + shape.layers));
    }
  }
  const auto points = block(scripts, summary.at("encoders").at("spaces").at(1).at("pointsBlock")).at("behaviors");
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points.at(1).at("behavior"), "cold");
  EXPECT_EQ(points.at(1).at("samples"), json(data.behaviors[1].ids));
  EXPECT_NEAR(points.at(1).at("x").at(3), data.encoders->spaces[1].points[shape.samples + 3].umap[0], 1e-4);
}

TEST(RenderReport, LeavesOutWhatIsNotThere) {
  auto data = test::synthetic_report({});
  data.encoders.reset();
  auto& behavior = data.behaviors.front();
  behavior.noise.reset();
  behavior.times.clear();
  behavior.methods.front().predictors.front().curves.clear();
  behavior.methods.front().analysis.kth_best[3].reset();
  const auto summary = test::summary_of(render_report(data, bare_page));
  EXPECT_TRUE(summary.at("encoders").is_null());
  const auto& shown = summary.at("behaviors").at(0);
  EXPECT_TRUE(shown.at("noise").is_null());
  EXPECT_EQ(shown.at("seconds"), json::array());
  EXPECT_EQ(shown.at("methods").at(0).at("predictors").at(0).at("curves"), json::array());
  EXPECT_TRUE(shown.at("methods").at(0).at("kthBest").at(3).is_null());
}

TEST(RenderReport, ShowsHostileTextsAsTheyAre) {
  const auto data = test::hostile_report();
  const auto html = render_report(data, bare_page);
  const auto scripts = test::scripts_of(html);
  const auto behaviors = data.behaviors.size();
  ASSERT_EQ(scripts.size(), 1 + behaviors + behaviors * data.methods.size() + data.encoders->spaces.size());
  for (const auto& [id, content] : scripts) EXPECT_THAT(content, Not(HasSubstr("<"))) << id;

  const auto summary = json::parse(scripts.at("summary"));
  EXPECT_EQ(summary.at("title"), data.title);
  EXPECT_EQ(summary.at("methods"), json(data.methods));
  for (std::size_t i = 0; i < behaviors; ++i) {
    const auto& behavior = data.behaviors[i];
    EXPECT_EQ(summary.at("behaviors").at(i).at("name"), as_utf8(behavior.name));
    const auto samples = block(scripts, summary.at("behaviors").at(i).at("samplesBlock"));
    for (std::size_t j = 0; j < behavior.ids.size(); ++j) {
      EXPECT_EQ(samples.at("ids").at(j), as_utf8(behavior.ids[j]));
      EXPECT_EQ(samples.at("prompts").at(j).at("before"), as_utf8(behavior.prompts[j].before));
      EXPECT_EQ(samples.at("prompts").at(j).at("rejected"), "\ufffd");
    }
  }
}

TEST(RenderReport, PutsTheDataInItsPlaceAndLeavesTheRestOfThePage) {
  const auto html = render_report(test::synthetic_report({}), "<p>before</p><!--w2s:data--><p>after</p>");
  EXPECT_TRUE(html.starts_with("<p>before</p><script type=\"application/json\" id=\"summary\">{"));
  EXPECT_TRUE(html.ends_with("</script>\n<p>after</p>"));
}

TEST(RenderReport, RefusesAPageWithoutOnePlaceForTheData) {
  const auto data = test::synthetic_report({});
  for (const char* page : {"<p></p>", "<!--w2s:data--><!--w2s:data-->"}) {
    EXPECT_THAT(test::message_of(ErrorKind::usage, [&] { static_cast<void>(render_report(data, page)); }),
                HasSubstr("<!--w2s:data-->"));
  }
}

TEST(RenderReport, KeepsThePapersLargestStudySmall) {
  const auto html = render_report(test::large_report(), bare_page);
  EXPECT_LT(html.size(), 19'000'000U) << "the page itself and its scripts are to fit into 20 MB as well";
  EXPECT_LT(test::scripts_of(html).at("summary").size(), 3'000'000U);
  RecordProperty("bytes", static_cast<int>(html.size()));
}

}  // namespace
}  // namespace w2s::report
