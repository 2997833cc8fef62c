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
using testing::IsEmpty;

// The least a request must have, and what a test adds to it.
json body_with(const json& fields = json::object()) {
  json body = {{"model", "m"}, {"messages", {{{"role", "user"}, {"content", "Hello"}}}}};
  body.update(fields);
  return body;
}

ChatRequest parse(const json& fields, const RequestSettings& settings = {}) {
  return parse_chat_request(body_with(fields).dump(), settings);
}

CompletionOptions options_of(const json& fields) { return parse(fields).options; }

ApiError error_of(const json& fields, const RequestSettings& settings = {}) {
  return api_error_of([&] { static_cast<void>(parse(fields, settings)); });
}

ApiError error_of_messages(const json& messages) { return error_of({{"messages", messages}}); }

// Every refusal is a 400 that names its field.
void expect_refused(const json& fields, const std::string& param, const std::string& problem) {
  const auto error = error_of(fields);
  EXPECT_EQ(error.status(), 400) << fields;
  EXPECT_EQ(error.type(), "invalid_request_error") << fields;
  EXPECT_EQ(error.param(), param) << fields;
  EXPECT_THAT(error.what(), HasSubstr(problem)) << fields;
}

TEST(ChatRequest, OfModelAndMessagesAloneHasDefaults) {
  const auto request = parse(json::object());
  EXPECT_THAT(request.messages, ElementsAre(ChatMessage{"user", "Hello"}));
  const auto& options = request.options;
  EXPECT_EQ(options.model, "m");
  EXPECT_EQ(options.max_tokens, std::nullopt);
  EXPECT_EQ(options.sampling, SamplingOptions{.seed = random_seed});
  EXPECT_EQ(options.choices, 1U);
  EXPECT_FALSE(options.stream);
  EXPECT_FALSE(options.include_usage);
  EXPECT_THAT(options.stop, IsEmpty());
  EXPECT_EQ(options.log_probabilities, std::nullopt);
  EXPECT_THAT(options.steering, IsEmpty());
}

TEST(ChatRequest, TakesTheServersDefaultsForWhatItLeavesOut) {
  const RequestSettings settings{.sampling_defaults = {.temperature = 0.25F, .top_k = 7, .seed = 3}};
  const auto sampling = parse({{"top_k", 9}}, settings).options.sampling;
  EXPECT_EQ(sampling, (SamplingOptions{.temperature = 0.25F, .top_k = 9, .seed = 3}));
}

TEST(ChatRequest, TakesNullForAbsent) {
  json fields;
  for (const char* name : {"max_tokens",
                           "max_completion_tokens",
                           "temperature",
                           "top_p",
                           "n",
                           "stream",
                           "stop",
                           "seed",
                           "stream_options",
                           "logprobs",
                           "top_logprobs",
                           "frequency_penalty",
                           "presence_penalty",
                           "logit_bias",
                           "user",
                           "top_k",
                           "steering",
                           "tools",
                           "response_format",
                           "audio",
                           "best_of"})
    fields[name] = nullptr;
  EXPECT_EQ(options_of(fields).sampling, options_of(json::object()).sampling);
  EXPECT_EQ(options_of(fields).choices, 1U);
}

TEST(ChatRequest, IgnoresFieldsItDoesNotKnow) {
  EXPECT_NO_THROW(static_cast<void>(parse({{"user", "u-1"},
                                           {"metadata", {{"a", "b"}}},
                                           {"store", true},
                                           {"service_tier", "auto"},
                                           {"parallel_tool_calls", true},
                                           {"cache_prompt", true},
                                           {"something_new", {1, 2}}})));
}

TEST(ChatRequest, HasMessagesOfEveryRole) {
  const auto messages = parse({{"messages",
                                {{{"role", "system"}, {"content", "s"}},
                                 {{"role", "developer"}, {"content", "d"}},
                                 {{"role", "user"}, {"content", "u"}, {"name", "Ann"}},
                                 {{"role", "assistant"}, {"content", "a"}, {"tool_calls", json::array()}},
                                 {{"role", "user"}, {"content", ""}}}}})
                            .messages;
  EXPECT_THAT(messages, ElementsAre(ChatMessage{"system", "s"}, ChatMessage{"system", "d"}, ChatMessage{"user", "u"},
                                    ChatMessage{"assistant", "a"}, ChatMessage{"user", ""}));
}

TEST(ChatRequest, JoinsThePartsOfAMessage) {
  const json parts = {{{"type", "text"}, {"text", "one"}}, {{"type", "text"}, {"text", "two"}}};
  EXPECT_EQ(parse({{"messages", {{{"role", "user"}, {"content", parts}}}}}).messages[0].content, "one\ntwo");
}

TEST(ChatRequest, WithoutModelOrMessagesIsRefused) {
  const auto error = [](const char* body) {
    return api_error_of([&] { static_cast<void>(parse_chat_request(body)); });
  };
  EXPECT_EQ(error(R"({"messages": []})").param(), "model");
  EXPECT_STREQ(error(R"({"messages": []})").what(), "model is missing");
  EXPECT_EQ(error(R"({"messages": []})").code(), "missing_parameter");
  EXPECT_EQ(error(R"({"model": "m"})").param(), "messages");
  expect_refused({{"model", ""}}, "model", "is empty");
  expect_refused({{"model", 4}}, "model", "must be a string, not number");
  expect_refused({{"model", std::string(257, 'm')}}, "model", "has 257 bytes, 256 are allowed");
}

TEST(ChatRequest, NamesTheMessageThatIsWrong) {
  const json good = {{"role", "user"}, {"content", "c"}};
  const auto expect = [&](const json& message, const std::string& field, const std::string& problem) {
    expect_refused({{"messages", {good, good, message}}}, "messages[2]" + field, problem);
  };
  expect("text", "", "must be an object, not string");
  expect({{"content", "c"}}, ".role", "is missing");
  expect({{"role", 1}, {"content", "c"}}, ".role", "must be a string");
  expect({{"role", "User"}, {"content", "c"}}, ".role", "is 'User': use system, developer, user or assistant");
  expect({{"role", "user"}}, ".content", "is missing");
  expect({{"role", "user"}, {"content", nullptr}}, ".content", "is missing");
  expect({{"role", "user"}, {"content", 5}}, ".content", "must be a string or a list of parts");
  expect({{"role", "user"}, {"content", json::array()}}, ".content", "has no parts");
  expect({{"role", "user"}, {"content", {"c"}}}, ".content[0]", "must be an object");
  expect({{"role", "user"}, {"content", {{{"text", "c"}}}}}, ".content[0].type", "is missing");
  expect({{"role", "user"}, {"content", {{{"type", "text"}}}}}, ".content[0].text", "is missing");
}

TEST(ChatRequest, RefusesWhatMessagesMayHaveAtOpenAi) {
  const auto expect = [](const json& message, const std::string& field) {
    const auto error = error_of_messages(json::array({message}));
    EXPECT_EQ(error.status(), 400);
    EXPECT_EQ(error.code(), "unsupported_parameter") << message;
    EXPECT_EQ(error.param(), "messages[0]" + field);
  };
  expect({{"role", "tool"}, {"content", "c"}, {"tool_call_id", "1"}}, ".role");
  expect({{"role", "function"}, {"content", "c"}, {"name", "f"}}, ".role");
  expect({{"role", "assistant"}, {"content", nullptr}, {"tool_calls", {{{"id", "1"}}}}}, ".tool_calls");
  expect({{"role", "assistant"}, {"content", "c"}, {"function_call", {{"name", "f"}}}}, ".function_call");
  expect({{"role", "assistant"}, {"content", "c"}, {"audio", {{"id", "1"}}}}, ".audio");
  const json image = {{{"type", "image_url"}, {"image_url", {{"url", "data:"}}}}};
  expect({{"role", "user"}, {"content", image}}, ".content[0].type");
}

TEST(ChatRequest, RefusesMessagesThatAreNoList) {
  expect_refused({{"messages", "Hello"}}, "messages", "must be an array, not string");
  expect_refused({{"messages", json::array()}}, "messages", "is empty");
}

TEST(ChatRequest, KeepsToItsLimits) {
  const auto refused = [](const json& fields, const RequestLimits& limits) {
    return error_of(fields, {.limits = limits}).param();
  };
  const json message = {{"role", "user"}, {"content", "12345"}};
  EXPECT_EQ(refused({{"messages", {message, message}}}, {.messages = 1}), "messages");
  EXPECT_EQ(refused({{"messages", {message}}}, {.text_bytes = 4}), "messages[0].content");
  const json part = {{"type", "text"}, {"text", "123"}};
  const json parted = {{{"role", "user"}, {"content", {part, part}}}};
  EXPECT_EQ(refused({{"messages", parted}}, {.parts = 1}), "messages[0].content");
  EXPECT_EQ(refused({{"messages", parted}}, {.text_bytes = 6}), "messages[0].content");
  EXPECT_EQ(refused({{"stop", {"a", "b"}}}, {.stop_strings = 1}), "stop");
  EXPECT_EQ(refused({{"stop", "abc"}}, {.stop_bytes = 2}), "stop");
  EXPECT_EQ(refused({{"stop", {"a", "abc"}}}, {.stop_bytes = 2}), "stop[1]");
  EXPECT_EQ(refused({{"n", 3}}, {.choices = 2}), "n");
  EXPECT_EQ(refused({{"logit_bias", {{"1", 1}, {"2", 1}}}}, {.logit_biases = 1}), "logit_bias");
}

TEST(ChatRequest, ReadsEverySamplingOption) {
  const auto sampling = options_of({{"temperature", 1.5},
                                    {"top_p", 0.25},
                                    {"top_k", -1},
                                    {"min_p", 0.125},
                                    {"typical_p", 0.5},
                                    {"repeat_penalty", 1.25},
                                    {"repeat_last_n", -1},
                                    {"frequency_penalty", -2},
                                    {"presence_penalty", 2},
                                    {"seed", 4000000000},
                                    {"logit_bias", {{"0", -100}, {"42", 1.5}}}})
                            .sampling;
  EXPECT_EQ(sampling, (SamplingOptions{.temperature = 1.5F,
                                       .top_k = -1,
                                       .top_p = 0.25F,
                                       .min_p = 0.125F,
                                       .typical_p = 0.5F,
                                       .repeat_penalty = 1.25F,
                                       .repeat_last_n = -1,
                                       .frequency_penalty = -2,
                                       .presence_penalty = 2,
                                       .seed = 4000000000,
                                       .logit_bias = {{0, -100}, {42, 1.5}}}));
}

TEST(ChatRequest, RefusesNumbersOutOfRange) {
  const std::vector<std::pair<std::string, std::vector<json>>> wrong = {
      {"temperature", {-0.1, 2.1, 1e300, "1", true, json::array()}},
      {"top_p", {-0.1, 1.1, "1"}},
      {"min_p", {-0.1, 1.1}},
      {"typical_p", {-0.1, 1.1}},
      {"repeat_penalty", {0, -1, 1e30}},
      {"frequency_penalty", {-2.1, 2.1}},
      {"presence_penalty", {-2.1, 2.1}},
      {"top_k", {-2, 0.5, 3000000000, 18446744073709551615U, "40"}},
      {"repeat_last_n", {-2, 1 << 21, 0.5}},
      {"seed", {-2, 18446744073709551615U, 1e18, 0.5, "7"}},
      {"max_tokens", {0, -1, 0.5, 3000000000, 1e300, "16", false}},
      {"max_completion_tokens", {0, -1, 2147483648}},
      {"n", {0, -1, 17, 1.5, "2"}},
      {"top_logprobs", {-1, 21, 1.5, true}},
  };
  for (const auto& [name, values] : wrong)
    for (const auto& value : values) expect_refused({{"logprobs", true}, {name, value}}, name, name + " ");
}

TEST(ChatRequest, ReadsWholeNumbersHoweverTheyAreWritten) {
  const auto body = R"({"model": "m", "messages": [{"role": "user", "content": "c"}], "max_tokens": 16.0, "n": 2e0})";
  const auto options = parse_chat_request(body).options;
  EXPECT_EQ(options.max_tokens, 16U);
  EXPECT_EQ(options.choices, 2U);
}

TEST(ChatRequest, ReadsTheTokensToGenerateUnderBothNames) {
  EXPECT_EQ(options_of({{"max_tokens", 5}}).max_tokens, 5U);
  EXPECT_EQ(options_of({{"max_completion_tokens", 6}}).max_tokens, 6U);
  EXPECT_EQ(options_of({{"max_tokens", 6}, {"max_completion_tokens", 6}}).max_tokens, 6U);
  expect_refused({{"max_tokens", 5}, {"max_completion_tokens", 6}}, "max_completion_tokens", "differ");
}

TEST(ChatRequest, ReadsSeedsOf64Bits) {
  const auto seed = [](const json& value) { return options_of({{"seed", value}}).sampling.seed; };
  EXPECT_EQ(seed(0), 0U);
  EXPECT_EQ(seed(4294967294), 4294967294U);
  EXPECT_EQ(seed(-1), random_seed);
  EXPECT_EQ(seed(4294967295), random_seed);
  EXPECT_NE(seed(4294967296), seed(8589934592));
  // Would fold to the one that stands for chance.
  EXPECT_EQ(seed(0x00000001FFFFFFFE), random_seed - 1);
}

TEST(ChatRequest, RefusesLogitBiasesThatAreNone) {
  expect_refused({{"logit_bias", {1, 2}}}, "logit_bias", "must be an object");
  for (const char* token : {"a", "", "-1", "1.0", " 1", "3000000000", "1x"})
    expect_refused({{"logit_bias", {{token, 1}}}}, "logit_bias", "where a token's number must be");
  expect_refused({{"logit_bias", {{"7", 101}}}}, "logit_bias.7", "use -100 to 100");
  expect_refused({{"logit_bias", {{"7", "1"}}}}, "logit_bias.7", "must be a number");
}

TEST(ChatRequest, ReadsStopStrings) {
  EXPECT_THAT(options_of({{"stop", "end"}}).stop, ElementsAre("end"));
  EXPECT_THAT(options_of({{"stop", {"a", "b"}}}).stop, ElementsAre("a", "b"));
  EXPECT_THAT(options_of({{"stop", json::array()}}).stop, IsEmpty());
  EXPECT_EQ(options_of({{"stop", std::vector<std::string>(16, "s")}}).stop.size(), 16U);
  expect_refused({{"stop", 1}}, "stop", "must be a string or a list of strings");
  expect_refused({{"stop", {"a", 1}}}, "stop[1]", "must be a string");
  expect_refused({{"stop", std::vector<std::string>(17, "s")}}, "stop", "has 17 elements, 16 are allowed");
}

TEST(ChatRequest, ReadsHowItIsStreamed) {
  EXPECT_TRUE(options_of({{"stream", true}}).stream);
  EXPECT_FALSE(options_of({{"stream", true}, {"stream_options", json::object()}}).include_usage);
  EXPECT_TRUE(options_of({{"stream", true}, {"stream_options", {{"include_usage", true}}}}).include_usage);
  expect_refused({{"stream", "yes"}}, "stream", "must be true or false");
  expect_refused({{"stream", true}, {"stream_options", true}}, "stream_options", "must be an object");
  expect_refused({{"stream", true}, {"stream_options", {{"include_usage", 1}}}}, "stream_options.include_usage",
                 "must be true or false");
  expect_refused({{"stream_options", {{"include_usage", true}}}}, "stream_options", "is only for");
}

TEST(ChatRequest, ReadsLogProbabilities) {
  EXPECT_EQ(options_of({{"logprobs", true}}).log_probabilities, 0U);
  EXPECT_EQ(options_of({{"logprobs", false}}).log_probabilities, std::nullopt);
  EXPECT_EQ(options_of({{"logprobs", true}, {"top_logprobs", 20}}).log_probabilities, 20U);
  expect_refused({{"logprobs", 3}}, "logprobs", "must be true or false");
  expect_refused({{"top_logprobs", 3}}, "top_logprobs", "is only for");
  expect_refused({{"logprobs", false}, {"top_logprobs", 3}}, "top_logprobs", "is only for");
}

TEST(ChatRequest, RefusesFieldsThatAreNotSupported) {
  const std::vector<std::pair<std::string, json>> refused = {
      {"tools", {{{"type", "function"}}}},
      {"tool_choice", "required"},
      {"functions", {{{"name", "f"}}}},
      {"function_call", {{"name", "f"}}},
      {"response_format", {{"type", "json_object"}}},
      {"response_format", "json"},
      {"modalities", {"text", "audio"}},
      {"audio", {{"voice", "alloy"}}},
      {"web_search_options", json::object()},
      {"reasoning_effort", "high"},
      {"verbosity", "low"},
      {"echo", true},
      {"suffix", "end"},
      {"best_of", 2},
      {"n_predict", 3},
      {"n_probs", 2},
      {"grammar", "root ::= \"a\""},
      {"json_schema", {{"type", "object"}}},
      {"mirostat", 2},
      {"dynatemp_range", 0.5},
      {"xtc_probability", 0.5},
      {"dry_multiplier", 0.5},
      {"ignore_eos", true},
      {"samplers", {"top_k"}},
      {"lora", {{{"id", 0}}}},
  };
  for (const auto& [name, value] : refused) {
    expect_refused({{name, value}}, name, "is not supported");
    EXPECT_EQ(error_of({{name, value}}).code(), "unsupported_parameter") << name;
  }
}

TEST(ChatRequest, TakesFieldsThatAreNotSupportedWhereTheyAskForNothing) {
  EXPECT_NO_THROW(static_cast<void>(parse({{"tools", json::array()},
                                           {"tool_choice", "none"},
                                           {"functions", json::array()},
                                           {"function_call", "auto"},
                                           {"response_format", {{"type", "text"}}},
                                           {"modalities", {"text"}},
                                           {"reasoning_effort", "none"},
                                           {"verbosity", "medium"},
                                           {"echo", false},
                                           {"suffix", ""},
                                           {"n", 2},
                                           {"best_of", 2},
                                           {"n_probs", 0},
                                           {"grammar", ""},
                                           {"json_schema", json::object()},
                                           {"mirostat", 0},
                                           {"dynatemp_range", 0.0},
                                           {"xtc_probability", 0},
                                           {"dry_multiplier", 0},
                                           {"ignore_eos", false},
                                           {"lora", json::array()}})));
}

TEST(ChatRequest, GivesEachChoiceASeedOfItsOwn) {
  CompletionOptions options{.model = "m", .sampling = {.seed = random_seed - 1}};
  EXPECT_EQ(sampling_of_choice(options, 0).seed, random_seed - 1);
  EXPECT_EQ(sampling_of_choice(options, 1).seed, 0U);
  EXPECT_EQ(sampling_of_choice(options, 2).seed, 1U);
  options.sampling.seed = random_seed;
  EXPECT_EQ(sampling_of_choice(options, 5).seed, random_seed);
}

}  // namespace
}  // namespace w2s::serve
