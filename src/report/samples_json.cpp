#include "report/samples_json.h"

#include <map>

#include "report/rounded.h"

namespace w2s::report {
namespace {

Json prompts_json(const BehaviorReport& behavior) {
  if (behavior.prompts.empty()) return nullptr;
  Json prompts = Json::array();
  for (const auto& prompt : behavior.prompts) {
    prompts.push_back({{"before", prompt.before},
                       {"steered", prompt.steered},
                       {"chosen", prompt.chosen},
                       {"rejected", prompt.rejected}});
  }
  return prompts;
}

}  // namespace

Json samples_json(const BehaviorReport& behavior) {
  Json parts = Json::array();
  for (const auto part : behavior.parts) parts.push_back(to_string(part));
  Json methods = Json::object();
  for (const auto& method : behavior.methods)
    methods[method.analysis.method] = {{"best", method.best}, {"choices", method.choices}};
  return {{"ids", behavior.ids},
          {"parts", std::move(parts)},
          {"prompts", prompts_json(behavior)},
          {"methods", std::move(methods)}};
}

Json points_json(const EncoderSpace& space, std::span<const BehaviorReport> behaviors) {
  std::map<std::string, std::vector<const EncoderSpace::Point*>> points;
  for (const auto& point : space.points) points[point.behavior].push_back(&point);
  Json groups = Json::array();
  for (const auto& behavior : behaviors) {
    Json samples = Json::array();
    Json x = Json::array();
    Json y = Json::array();
    for (const auto* point : points[behavior.name]) {
      samples.push_back(point->sample);
      x.push_back(rounded(point->umap[0]));
      y.push_back(rounded(point->umap[1]));
    }
    if (samples.empty()) continue;
    groups.push_back(
        {{"behavior", behavior.name}, {"samples", std::move(samples)}, {"x", std::move(x)}, {"y", std::move(y)}});
  }
  return {{"behaviors", std::move(groups)}};
}

}  // namespace w2s::report
