#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "serve/api_error_of.h"
#include "serve/protocol/requests.h"
#include "serve/protocol/steerings.h"
#include "w2s/vectors.h"

namespace w2s::serve {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<SteeringRequest> parse(const json& steering, const RequestSettings& settings = {}) {
  const json body = {{"model", "m"}, {"prompt", "p"}, {"steering", steering}};
  return parse_text_request(body.dump(), settings).options.steering;
}

void expect_refused(const json& steering, const std::string& param, const std::string& problem) {
  SCOPED_TRACE(steering.dump());
  const auto error = api_error_of([&] { static_cast<void>(parse(steering)); });
  EXPECT_EQ(error.status(), 400);
  EXPECT_EQ(error.type(), "invalid_request_error");
  EXPECT_EQ(error.param(), param);
  EXPECT_THAT(error.what(), HasSubstr(problem));
}

// Of the second vector of a request.
void expect_vector_refused(const json& vector, const std::string& field, const std::string& problem) {
  expect_refused({{"vectors", {{{"name", "a"}}, vector}}}, "steering.vectors[1]" + field, problem);
}

LayerChoice layer_of(const json& layer) {
  return parse({{"vectors", {{{"name", "a"}, {"layer", layer}}}}}).at(0).layer;
}

TEST(SteeringField, NamesVectorsWithTheirScalesAndLayers) {
  const auto requests = parse(
      {{"vectors",
        {{{"name", "positive"}, {"scale", 1.5}, {"layer", "auto"}}, {{"name", "open"}, {"scale", -2}, {"layer", 3}}}}});
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].name, "positive");
  EXPECT_EQ(requests[0].scale, 1.5F);
  EXPECT_EQ(requests[0].layer, LayerChoice{});
  EXPECT_EQ(requests[1].name, "open");
  EXPECT_EQ(requests[1].scale, -2);
  EXPECT_THAT(requests[1].layer.layers, ElementsAre(3));
}

TEST(SteeringField, SteersOnceWhereThePredictorSaysIfItNamesNoMore) {
  const auto requests = parse({{"vectors", {{{"name", "positive"}, {"scale", nullptr}}}}});
  EXPECT_EQ(requests.at(0).scale, 1);
  EXPECT_TRUE(requests.at(0).layer.is_auto());
}

TEST(SteeringField, TakesLayersInEveryForm) {
  EXPECT_EQ(layer_of("auto"), (LayerChoice{.most_likely = 1}));
  EXPECT_EQ(layer_of("auto:3"), (LayerChoice{.most_likely = 3}));
  EXPECT_EQ(layer_of(0), (LayerChoice{.layers = {0}}));
  EXPECT_EQ(layer_of({14, 12, 13}), (LayerChoice{.layers = {12, 13, 14}}));
}

TEST(SteeringField, MayAskForNothing) {
  EXPECT_THAT(parse(nullptr), IsEmpty());
  EXPECT_THAT(parse({{"vectors", json::array()}}), IsEmpty());
}

TEST(SteeringField, NamesWhatIsWrong) {
  expect_refused("positive", "steering", "must be an object, not string");
  expect_refused(json::object(), "steering.vectors", "is missing");
  expect_refused({{"vectors", {{"name", "a"}}}}, "steering.vectors", "must be an array, not object");
  expect_vector_refused("a", "", "must be an object");
  expect_vector_refused({{"scale", 1}}, ".name", "is missing");
  expect_vector_refused({{"name", 1}}, ".name", "must be a string");
  expect_vector_refused({{"name", std::string(257, 'n')}}, ".name", "has 257 bytes");
  expect_vector_refused({{"name", "a"}}, ".name", "is 'a' a second time");
  expect_vector_refused({{"name", "b"}, {"scale", "1"}}, ".scale", "must be a number");
  expect_vector_refused({{"name", "b"}, {"scale", 10001}}, ".scale", "use -10000 to 10000");
  expect_vector_refused({{"name", "b"}, {"scale", -1e300}}, ".scale", "use -10000 to 10000");
  expect_vector_refused({{"name", "b"}, {"layer", true}}, ".layer", "must be \"auto\", a number or a list");
  for (const char* text : {"", "Auto", "auto:", "auto:0", "auto:-1", "auto:x", "12", "12,13"})
    expect_vector_refused({{"name", "b"}, {"layer", text}}, ".layer", "use \"auto\", \"auto:K\"");
  expect_vector_refused({{"name", "b"}, {"layer", -1}}, ".layer", "is -1");
  expect_vector_refused({{"name", "b"}, {"layer", 1.5}}, ".layer", "is 1.5");
  expect_vector_refused({{"name", "b"}, {"layer", 1e300}}, ".layer", "use a whole number");
  expect_vector_refused({{"name", "b"}, {"layer", json::array()}}, ".layer", "names none");
  expect_vector_refused({{"name", "b"}, {"layer", {3, 3}}}, ".layer", "layer 3 is named twice");
  expect_vector_refused({{"name", "b"}, {"layer", {3, "4"}}}, ".layer[1]", "must be a whole number");
}

TEST(SteeringField, RefusesNamesThatItDoesNotKnow) {
  expect_refused({{"vectors", json::array()}, {"vector", 1}}, "steering", "has no field 'vector'");
  expect_vector_refused({{"name", "b"}, {"scael", 1.5}}, "", "has no field 'scael': use name, scale, layer");
}

TEST(SteeringField, KeepsToItsLimit) {
  const json two = {{"vectors", {{{"name", "a"}}, {{"name", "b"}}}}};
  EXPECT_EQ(parse(two, {.limits = {.steerings = 2}}).size(), 2U);
  const auto error = api_error_of([&] { static_cast<void>(parse(two, {.limits = {.steerings = 1}})); });
  EXPECT_EQ(error.param(), "steering.vectors");
}

// Layers 1 and 3 of 4.
NamedSteering steering_of_two_layers() {
  const SourceInfo info{.method = "caa", .layers = 4, .width = 2};
  const std::vector<float> values = {0, 0, 1, 0, 0, 0, 0, -1};
  return {.name = "positive", .source = std::make_shared<ConstantSource>(info, values), .fixed_layer = 3};
}

TEST(SteeringEntries, SayWhatCanBeSteeredWith) {
  const std::vector<SteeringEntry> entries = {
      to_entry(steering_of_two_layers()),
      {.name = "open", .method = "l2s", .layers = {0, 1}, .has_predictor = true, .fixed_layer = std::nullopt}};
  EXPECT_EQ(json::parse(steerings_json(entries)), json::parse(R"({"object": "list", "data": [
    {"object": "steering_vector", "name": "positive", "method": "caa", "layers": [1, 3], "has_predictor": false,
     "fixed_layer": 3},
    {"object": "steering_vector", "name": "open", "method": "l2s", "layers": [0, 1], "has_predictor": true,
     "fixed_layer": null}]})"));
}

class CheckSteering : public testing::Test {
 protected:
  [[nodiscard]] ApiError error_of(const SteeringRequest& second) const {
    const std::vector<SteeringRequest> requests = {{.name = "open"}, second};
    return api_error_of([&] { check_steering(requests, entries_); });
  }

  std::vector<SteeringEntry> entries_ = {{.name = "open", .method = "caa", .layers = {0, 1, 2}, .has_predictor = true},
                                         {.name = "plain", .method = "caa", .layers = {1, 3}}};
};

TEST_F(CheckSteering, PassesWhatCanBeDone) {
  const std::vector<SteeringRequest> requests = {{.name = "open", .layer = {.most_likely = 2}},
                                                 {.name = "plain", .layer = {.layers = {1, 3}}}};
  EXPECT_NO_THROW(check_steering(requests, entries_));
  EXPECT_NO_THROW(check_steering({}, entries_));
}

TEST_F(CheckSteering, DoesNotFindANameThatIsNotLoaded) {
  const auto error = error_of({.name = "closed"});
  EXPECT_EQ(error.status(), 404);
  EXPECT_EQ(error.param(), "steering.vectors[1].name");
  EXPECT_EQ(error.code(), "steering_vector_not_found");
}

TEST_F(CheckSteering, RefusesAutoWithoutAPredictor) {
  const auto error = error_of({.name = "plain"});
  EXPECT_EQ(error.status(), 400);
  EXPECT_EQ(error.param(), "steering.vectors[1].layer");
  EXPECT_THAT(error.what(), HasSubstr("has no layer predictor"));
}

TEST_F(CheckSteering, RefusesALayerWithoutAVector) {
  const auto error = error_of({.name = "plain", .layer = {.layers = {1, 2}}});
  EXPECT_EQ(error.status(), 400);
  EXPECT_EQ(error.param(), "steering.vectors[1].layer");
  EXPECT_THAT(error.what(), HasSubstr("has no vector at layer 2: it has them at 1, 3"));
}

}  // namespace
}  // namespace w2s::serve
