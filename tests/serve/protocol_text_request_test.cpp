// Text completions and embeddings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "serve/api_error_of.h"
#include "serve/protocol/requests.h"

namespace w2s::serve {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

json body_with(const json& fields) {
  json body = {{"model", "m"}};
  body.update(fields);
  return body;
}

TextRequest parse_text(const json& fields) { return parse_text_request(body_with(fields).dump()); }

EmbeddingsRequest parse_embeddings(const json& fields) { return parse_embeddings_request(body_with(fields).dump()); }

void expect_refused(const ApiError& error, const std::string& param, const std::string& problem) {
  EXPECT_EQ(error.status(), 400);
  EXPECT_EQ(error.type(), "invalid_request_error");
  EXPECT_EQ(error.param(), param);
  EXPECT_THAT(error.what(), HasSubstr(problem));
}

void expect_text_refused(const json& fields, const std::string& param, const std::string& problem) {
  SCOPED_TRACE(fields.dump());
  expect_refused(api_error_of([&] { static_cast<void>(parse_text(fields)); }), param, problem);
}

void expect_embeddings_refused(const json& fields, const std::string& param, const std::string& problem) {
  SCOPED_TRACE(fields.dump());
  expect_refused(api_error_of([&] { static_cast<void>(parse_embeddings(fields)); }), param, problem);
}

TEST(TextRequest, TakesAPromptInEveryForm) {
  const auto prompts = [](const json& prompt) { return parse_text({{"prompt", prompt}}).prompts; };
  using Tokens = std::vector<Token>;
  EXPECT_THAT(prompts("Once"), ElementsAre(Prompt("Once")));
  EXPECT_THAT(prompts(""), ElementsAre(Prompt("")));
  EXPECT_THAT(prompts({"Once", "Twice"}), ElementsAre(Prompt("Once"), Prompt("Twice")));
  EXPECT_THAT(prompts({1, 2, 2147483647}), ElementsAre(Prompt(Tokens{1, 2, 2147483647})));
  EXPECT_THAT(prompts({{1, 2}, {3}}), ElementsAre(Prompt(Tokens{1, 2}), Prompt(Tokens{3})));
}

TEST(TextRequest, RefusesPromptsThatAreNone) {
  expect_text_refused(json::object(), "prompt", "is missing");
  expect_text_refused({{"prompt", nullptr}}, "prompt", "is missing");
  expect_text_refused({{"prompt", 5}}, "prompt", "must be a string, tokens, or a list of either, not number");
  expect_text_refused({{"prompt", json::object()}}, "prompt", "must be a string, tokens");
  expect_text_refused({{"prompt", json::array()}}, "prompt", "is empty");
  expect_text_refused({{"prompt", {json::array()}}}, "prompt[0]", "is empty");
  expect_text_refused({{"prompt", {"a", {1}}}}, "prompt[1]", "must be string as the first one, not array");
  expect_text_refused({{"prompt", {"a", 1}}}, "prompt[1]", "must be string as the first one");
  expect_text_refused({{"prompt", {1, "a"}}}, "prompt[1]", "must be a whole number");
  expect_text_refused({{"prompt", {{1}, "a"}}}, "prompt[1]", "must be array as the first one");
  expect_text_refused({{"prompt", {true}}}, "prompt[0]", "must be an array");
  expect_text_refused({{"prompt", {-1}}}, "prompt[0]", "is -1: use a whole number from 0");
  expect_text_refused({{"prompt", {1, 2147483648}}}, "prompt[1]", "use a whole number from 0 to 2147483647");
  expect_text_refused({{"prompt", {{1}, {2, 0.5}}}}, "prompt[1][1]", "use a whole number");
}

TEST(TextRequest, SharesTheOptionsOfChats) {
  const auto options = parse_text({{"prompt", "p"},
                                   {"temperature", 0},
                                   {"max_tokens", 9},
                                   {"stop", "x"},
                                   {"steering", {{"vectors", {{{"name", "positive"}}}}}}})
                           .options;
  EXPECT_EQ(options.sampling.temperature, 0);
  EXPECT_EQ(options.max_tokens, 9U);
  EXPECT_THAT(options.stop, ElementsAre("x"));
  EXPECT_EQ(options.steering.at(0).name, "positive");
  expect_text_refused({{"prompt", "p"}, {"echo", true}}, "echo", "is not supported");
  expect_text_refused({{"prompt", "p"}, {"suffix", "s"}}, "suffix", "is not supported");
}

TEST(TextRequest, ReadsLogProbabilities) {
  const auto count = [](const json& value) {
    return parse_text({{"prompt", "p"}, {"logprobs", value}}).options.log_probabilities;
  };
  EXPECT_EQ(count(nullptr), std::nullopt);
  EXPECT_EQ(count(0), 0U);
  EXPECT_EQ(count(5), 5U);
  expect_text_refused({{"prompt", "p"}, {"logprobs", 6}}, "logprobs", "use a whole number from 0 to 5");
  expect_text_refused({{"prompt", "p"}, {"logprobs", true}}, "logprobs", "must be a whole number");
}

TEST(TextRequest, LimitsTheAnswersToAllPromptsTogether) {
  EXPECT_EQ(parse_text({{"prompt", {"a", "b", "c", "d"}}, {"n", 4}}).options.choices, 4U);
  expect_text_refused({{"prompt", {"a", "b", "c", "d"}}, {"n", 5}}, "n", "16 answers are allowed together");
  expect_text_refused({{"prompt", std::vector<std::string>(17, "a")}}, "prompt", "16 answers are allowed together");
  expect_text_refused({{"prompt", std::vector<std::string>(257, "a")}}, "prompt", "has 257 elements, 256 are allowed");
}

TEST(EmbeddingsRequest, TakesAnInputInEveryForm) {
  const auto inputs = [](const json& input) { return parse_embeddings({{"input", input}}).inputs; };
  using Tokens = std::vector<Token>;
  EXPECT_THAT(inputs("Once"), ElementsAre(Prompt("Once")));
  EXPECT_THAT(inputs({"Once", "Twice"}), ElementsAre(Prompt("Once"), Prompt("Twice")));
  EXPECT_THAT(inputs({1, 2}), ElementsAre(Prompt(Tokens{1, 2})));
  EXPECT_THAT(inputs({{1, 2}, {3}}), ElementsAre(Prompt(Tokens{1, 2}), Prompt(Tokens{3})));
  EXPECT_EQ(inputs(std::vector<std::string>(256, "a")).size(), 256U);
}

TEST(EmbeddingsRequest, ReadsTheEncoding) {
  EXPECT_FALSE(parse_embeddings({{"input", "a"}}).base64);
  EXPECT_FALSE(parse_embeddings({{"input", "a"}, {"encoding_format", "float"}}).base64);
  EXPECT_TRUE(parse_embeddings({{"input", "a"}, {"encoding_format", "base64"}}).base64);
  expect_embeddings_refused({{"input", "a"}, {"encoding_format", "int8"}}, "encoding_format",
                            "is 'int8': use float or base64");
  expect_embeddings_refused({{"input", "a"}, {"encoding_format", 1}}, "encoding_format", "must be a string");
}

TEST(EmbeddingsRequest, RefusesWhatItCannotDo) {
  expect_embeddings_refused(json::object(), "input", "is missing");
  expect_embeddings_refused({{"input", "a"}, {"model", nullptr}}, "model", "is missing");
  expect_embeddings_refused({{"input", ""}}, "input", "is empty");
  expect_embeddings_refused({{"input", {"a", ""}}}, "input[1]", "is empty");
  expect_embeddings_refused({{"input", json::array()}}, "input", "is empty");
  expect_embeddings_refused({{"input", 1}}, "input", "must be a string");
  expect_embeddings_refused({{"input", "a"}, {"dimensions", 0}}, "dimensions", "use a whole number from 1");
  expect_embeddings_refused({{"input", "a"}, {"dimensions", "8"}}, "dimensions", "must be a whole number");
  expect_embeddings_refused({{"input", "a"}, {"steering", {{"vectors", json::array()}}}}, "steering",
                            "is not supported for embeddings");
}

TEST(EmbeddingsRequest, IsRefusedIfItWantsOtherDimensionsThanThereAre) {
  EXPECT_NO_THROW(check_dimensions(parse_embeddings({{"input", "a"}}), 384));
  const auto request = parse_embeddings({{"input", "a"}, {"dimensions", 384}});
  EXPECT_NO_THROW(check_dimensions(request, 384));
  expect_refused(api_error_of([&] { check_dimensions(request, 768); }), "dimensions", "have 768");
}

}  // namespace
}  // namespace w2s::serve
