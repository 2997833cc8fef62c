#include "w2s/results.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/row_json.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using Json = nlohmann::ordered_json;
using Point = EncoderSpace::Point;

Fields<EncoderSpace> space_fields() {
  return {{{.field = "encoder"}, &EncoderSpace::encoder},
          {{.field = "width"}, &EncoderSpace::width},
          {{.field = "silhouette"}, &EncoderSpace::silhouette}};
}

Json json_of(const EncoderSpace& space) {
  auto json = row_json(space_fields(), space);
  auto& points = json["points"] = Json::array();
  for (const auto& point : space.points)
    points.push_back({{"behavior", point.behavior}, {"sample", point.sample}, {"umap", point.umap}});
  return json;
}

Point point_of(const JsonValue& json) {
  const auto umap = json.require("umap");
  if (umap.length() != 2) umap.fail("must have two coordinates");
  return {.behavior = json.require("behavior").text(),
          .sample = json.require("sample").text(),
          .umap = {umap[0].number(), umap[1].number()}};
}

EncoderSpace space_of(const JsonValue& json) {
  auto space = row_from_json(space_fields(), json);
  const auto points = json.require("points");
  for (std::size_t i = 0; i < points.length(); ++i) space.points.push_back(point_of(points[i]));
  return space;
}

[[noreturn]] void refuse(const std::string& problem) {
  throw Error(ErrorKind::results, fmt::format("encoders.json: is no comparison of encoders: {}", problem));
}

}  // namespace

Fields<EncoderScore> encoder_score_fields() {
  using Score = EncoderScore;
  return {{column_named("encoder"), &Score::encoder},
          {column_named("behavior"), &Score::behavior},
          {column_named("method"), &Score::method},
          {{"cv_accuracy", "CV accuracy", percentage()}, &Score::cv_accuracy},
          {{"cv_steerability", "CV steerability", decimals(4)}, &Score::cv_steerability},
          {{"test_accuracy", "test accuracy", percentage()}, &Score::test_accuracy},
          {{"test_steerability", "test steerability", decimals(4)}, &Score::test_steerability}};
}

std::string encoder_comparison_to_json(const EncoderComparison& comparison) {
  Json json = {{"scores", Json::array()}, {"spaces", Json::array()}};
  for (const auto& score : comparison.scores) json["scores"].push_back(row_json(encoder_score_fields(), score));
  for (const auto& space : comparison.spaces) json["spaces"].push_back(json_of(space));
  return json.dump(1) + "\n";
}

EncoderComparison encoder_comparison_from_json(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) refuse("not valid JSON");
  const JsonValue document(
      json, [](const JsonProblem& found) { refuse(fmt::format("field '{}' {}", found.path, found.problem)); });
  const auto scores = document.require("scores");
  const auto spaces = document.require("spaces");
  EncoderComparison comparison;
  for (std::size_t i = 0; i < scores.length(); ++i)
    comparison.scores.push_back(row_from_json(encoder_score_fields(), scores[i]));
  for (std::size_t i = 0; i < spaces.length(); ++i) comparison.spaces.push_back(space_of(spaces[i]));
  return comparison;
}

std::filesystem::path encoder_comparison_path(const std::filesystem::path& folder) { return folder / "encoders.json"; }

}  // namespace w2s
