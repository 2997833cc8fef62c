#include "w2s/encoder_comparison.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "w2s/error.h"

namespace w2s {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const EncoderScore& score) {
  return {{"encoder", score.encoder},
          {"behavior", score.behavior},
          {"method", score.method},
          {"cv_accuracy", score.cv_accuracy},
          {"cv_steerability", score.cv_steerability},
          {"test_accuracy", score.test_accuracy},
          {"test_steerability", score.test_steerability}};
}

EncoderScore score_of(const Json& json) {
  return {.encoder = json.at("encoder").get<std::string>(),
          .behavior = json.at("behavior").get<std::string>(),
          .method = json.at("method").get<std::string>(),
          .cv_accuracy = json.at("cv_accuracy").get<double>(),
          .cv_steerability = json.at("cv_steerability").get<double>(),
          .test_accuracy = json.at("test_accuracy").get<double>(),
          .test_steerability = json.at("test_steerability").get<double>()};
}

Json to_json(const EncoderSpace& space) {
  Json points = Json::array();
  for (const auto& point : space.points)
    points.push_back({{"behavior", point.behavior}, {"sample", point.sample}, {"umap", point.umap}});
  return {{"encoder", space.encoder},
          {"width", space.width},
          {"silhouette", space.silhouette ? Json(*space.silhouette) : Json()},
          {"points", std::move(points)}};
}

EncoderSpace space_of(const Json& json) {
  EncoderSpace space{.encoder = json.at("encoder").get<std::string>(),
                     .width = json.at("width").get<std::size_t>(),
                     .silhouette = {},
                     .points = {}};
  if (!json.at("silhouette").is_null()) space.silhouette = json.at("silhouette").get<double>();
  for (const auto& point : json.at("points")) {
    space.points.push_back({.behavior = point.at("behavior").get<std::string>(),
                            .sample = point.at("sample").get<std::string>(),
                            .umap = point.at("umap").get<std::array<double, 2>>()});
  }
  return space;
}

}  // namespace

std::string encoder_comparison_to_json(const EncoderComparison& comparison) {
  Json json = {{"scores", Json::array()}, {"spaces", Json::array()}};
  for (const auto& score : comparison.scores) json["scores"].push_back(to_json(score));
  for (const auto& space : comparison.spaces) json["spaces"].push_back(to_json(space));
  return json.dump(1) + "\n";
}

EncoderComparison encoder_comparison_from_json(const std::string& text) try {
  const auto json = Json::parse(text);
  EncoderComparison comparison;
  for (const auto& score : json.at("scores")) comparison.scores.push_back(score_of(score));
  for (const auto& space : json.at("spaces")) comparison.spaces.push_back(space_of(space));
  return comparison;
} catch (const Json::exception& error) {
  throw Error(ErrorKind::results, fmt::format("encoders.json: is no comparison of encoders: {}", error.what()));
}

std::filesystem::path encoder_comparison_path(const std::filesystem::path& folder) { return folder / "encoders.json"; }

}  // namespace w2s
