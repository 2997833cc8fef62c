#include "report/summary_json.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/row_json.h"
#include "report/rounded.h"
#include "w2s/predictor.h"

namespace w2s::report {
namespace {

Json rounded_list(std::span<const double> values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(rounded(value));
  return list;
}

Json rounded_list(std::span<const float> values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(rounded(value));
  return list;
}

Json optional_json(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json settings_json(const PredictorSettings& settings) {
  return {{"learningRate", settings.learning_rate},
          {"hiddenWidth", settings.hidden_width},
          {"hiddenLayers", settings.hidden_layers},
          {"weightDecay", settings.weight_decay}};
}

Json score_json(const CrossValidationScore& score) {
  Json json = settings_json(score.settings);
  json["steerability"] = rounded(score.steerability);
  json["accuracy"] = rounded(score.accuracy);
  json["epochs"] = rounded(score.epochs);
  return json;
}

Json predictor_json(const PredictorReport& predictor) {
  Json scores = Json::array();
  for (const auto& score : predictor.scores) scores.push_back(score_json(score));
  Json curves = Json::array();
  for (const auto& curve : predictor.curves)
    curves.push_back({{"training", rounded_list(curve.training)}, {"heldOut", rounded_list(curve.held_out)}});
  return {{"policy", predictor.policy}, {"layers", predictor.layers}, {"settings", settings_json(predictor.settings)},
          {"epochs", predictor.epochs}, {"seeds", predictor.seeds},   {"scores", std::move(scores)},
          {"curves", std::move(curves)}};
}

// The error relative to that of the training samples' mean difference: errors themselves have no common scale.
Json agreement_json(const std::optional<OracleAgreement>& agreement) {
  if (!agreement || agreement->mean_error <= 0) return nullptr;
  return {{"cosine", agreement->cosine}, {"relativeError", agreement->error / agreement->mean_error}};
}

Json method_json(const MethodReport& method, const std::string& numbers_block, double step) {
  const auto& analysis = method.analysis;
  Json kth_best = Json::array();
  for (const auto& mean : analysis.kth_best) kth_best.push_back(optional_json(mean));
  Json predictors = Json::array();
  for (const auto& predictor : method.predictors) predictors.push_back(predictor_json(predictor));
  return {{"method", analysis.method},
          {"encoder", method.encoder},
          {"fixedLayer", analysis.fixed_layer},
          {"fixedLayerMethod", method.fixed_layer_method},
          {"defaultPolicy", method.default_policy},
          {"fittingMean", analysis.fitting_mean},
          {"bestCount", analysis.best_count},
          {"distanceFromFixed", analysis.distance_from_fixed},
          {"kthBest", std::move(kth_best)},
          {"fixed", analysis.fixed},
          {"predictors", std::move(predictors)},
          {"agreement", agreement_json(method.agreement)},
          {"numbersBlock", numbers_block},
          {"propensityStep", step}};
}

Json noise_json(const std::optional<NoiseFloor>& noise) {
  if (!noise) return nullptr;
  return {{"samples", noise->samples},
          {"propensity", noise->propensity},
          {"steerability", noise->steerability},
          {"bestLayerChanges", noise->best_layer_changes}};
}

Json behavior_json(const BehaviorReport& behavior, std::size_t index, std::span<const double> steps) {
  Json seconds = Json::array();
  for (const auto& time : behavior.times)
    seconds.push_back({{"stage", time.stage}, {"seconds", rounded(time.seconds)}});
  Json methods = Json::array();
  for (std::size_t i = 0; i < behavior.methods.size(); ++i)
    methods.push_back(method_json(behavior.methods[i], numbers_block_id(index, i), steps[i]));
  return {
      {"name", behavior.name},         {"samples", behavior.ids.size()},          {"noise", noise_json(behavior.noise)},
      {"seconds", std::move(seconds)}, {"samplesBlock", samples_block_id(index)}, {"methods", std::move(methods)}};
}

Json encoders_json(const std::optional<EncoderComparison>& comparison) {
  if (!comparison) return nullptr;
  Json scores = Json::array();
  for (const auto& score : comparison->scores) scores.push_back(row_json(encoder_score_fields(), score));
  Json spaces = Json::array();
  for (std::size_t i = 0; i < comparison->spaces.size(); ++i) {
    const auto& space = comparison->spaces[i];
    spaces.push_back({{"encoder", space.encoder},
                      {"width", space.width},
                      {"silhouette", optional_json(space.silhouette)},
                      {"pointsBlock", points_block_id(i)}});
  }
  return {{"scores", std::move(scores)}, {"spaces", std::move(spaces)}};
}

}  // namespace

Json summary_json(const ReportData& data, std::span<const std::vector<double>> steps) {
  Json behaviors = Json::array();
  for (std::size_t i = 0; i < data.behaviors.size(); ++i)
    behaviors.push_back(behavior_json(data.behaviors[i], i, steps[i]));
  return {{"title", data.title},
          {"settings",
           {{"measurement", data.settings.measurement}, {"data", data.settings.data}, {"run", data.settings.run}}},
          {"program", {{"w2s", data.w2s_version}, {"llama.cpp", data.llama_version}}},
          {"modelLayers", data.model_layers},
          {"layers", data.layers},
          {"multipliers", rounded_list(data.multipliers)},
          {"methods", data.methods},
          {"behaviors", std::move(behaviors)},
          {"results", Json::parse(results_to_json(data.results)).at("results")},
          {"encoders", encoders_json(data.encoders)}};
}

}  // namespace w2s::report
