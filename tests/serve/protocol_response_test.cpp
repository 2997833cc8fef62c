#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "serve/protocol/responses.h"

namespace w2s::serve {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

CompletionHead chat_head() {
  return {.kind = CompletionKind::chat, .id = "chatcmpl-1", .created = 1700000000, .model = "m"};
}

CompletionHead text_head() {
  return {.kind = CompletionKind::text, .id = "cmpl-1", .created = 1700000000, .model = "m"};
}

SteeringEcho echo() {
  return {.applied = {{.name = "positive", .layer = 2, .scale = 1.5F, .confidence = 0.75F},
                      {.name = "open", .layer = 3, .scale = -0.1F}},
          .predicted = {{.name = "positive", .layers = {1, 2}, .probabilities = {0.25F, 0.75F}}}};
}

json echo_json() {
  return json::parse(R"({"applied": [{"name": "positive", "layer": 2, "scale": 1.5, "confidence": 0.75},
                                     {"name": "open", "layer": 3, "scale": -0.1, "confidence": null}],
                         "predicted": [{"name": "positive", "layers": [1, 2], "probabilities": [0.25, 0.75]}]})");
}

const Usage usage = {.prompt_tokens = 9, .completion_tokens = 5, .cached_tokens = 4};

json usage_json() {
  return json::parse(R"({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14,
                         "prompt_tokens_details": {"cached_tokens": 4}})");
}

// " caf" and the first byte of an e with an accent, then the second one.
std::vector<ScoredToken> scored_tokens() {
  return {{.chosen = {" caf\xc3", -0.5F}, .most_likely = {{" caf\xc3", -0.5F}, {" tea", -2}}},
          {.chosen = {"\xa9", -0.25F}, .most_likely = {{"\xa9", -0.25F}, {"", -INFINITY}}, .text_offset = 5}};
}

json chat_scores_json() {
  return json::parse(R"({"refusal": null, "content": [
    {"token": " caf\\xc3", "logprob": -0.5, "bytes": [32, 99, 97, 102, 195], "top_logprobs": [
      {"token": " caf\\xc3", "logprob": -0.5, "bytes": [32, 99, 97, 102, 195]},
      {"token": " tea", "logprob": -2.0, "bytes": [32, 116, 101, 97]}]},
    {"token": "\\xa9", "logprob": -0.25, "bytes": [169], "top_logprobs": [
      {"token": "\\xa9", "logprob": -0.25, "bytes": [169]},
      {"token": "", "logprob": -9999.0, "bytes": []}]}]})");
}

json text_scores_json() {
  return json::parse(R"({"tokens": ["bytes: caf\\xc3", "bytes:\\xa9"], "token_logprobs": [-0.5, -0.25],
    "top_logprobs": [{"bytes: caf\\xc3": -0.5, " tea": -2.0}, {"bytes:\\xa9": -0.25, "": -9999.0}],
    "text_offset": [0, 5]})");
}

TEST(ChatResponse, IsAChatCompletion) {
  const std::vector<Choice> choices = {
      {.index = 0, .text = "Hi \"you\"\n", .reason = FinishReason::stop},
      {.index = 1, .text = "Ho", .reason = FinishReason::length, .scores = scored_tokens()}};
  auto expected = json::parse(R"({"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "m",
    "choices": [
      {"index": 0, "message": {"role": "assistant", "content": "Hi \"you\"\n", "refusal": null}, "logprobs": null,
       "finish_reason": "stop"},
      {"index": 1, "message": {"role": "assistant", "content": "Ho", "refusal": null}, "logprobs": null,
       "finish_reason": "length"}]})");
  expected["choices"][1]["logprobs"] = chat_scores_json();
  expected["usage"] = usage_json();
  EXPECT_EQ(json::parse(CompletionWriter(chat_head()).whole(choices, usage)), expected);
}

TEST(ChatResponse, TellsHowItWasSteered) {
  const std::vector<Choice> choices = {{.text = "Hi"}};
  const auto text = CompletionWriter(chat_head()).whole(choices, usage, echo());
  EXPECT_THAT(text, HasSubstr(R"("scale":-0.1,)"));  // with as few digits as tell it from other floats
  const auto response = json::parse(text);
  EXPECT_EQ(response["steering"]["applied"][0], echo_json()["applied"][0]);
  EXPECT_EQ(response["steering"]["applied"][1]["confidence"], nullptr);
  EXPECT_EQ(response["steering"], echo_json());
}

TEST(ChatResponse, IsStreamedInChunks) {
  const CompletionWriter writer(chat_head());
  const auto chunk = [](const char* choice) {
    auto whole = json::parse(R"({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000,
                                "model": "m", "choices": []})");
    whole["choices"].push_back(json::parse(choice));
    return whole;
  };
  auto first = chunk(R"({"index": 1, "delta": {"role": "assistant", "content": ""}, "logprobs": null,
                         "finish_reason": null})");
  EXPECT_EQ(json::parse(writer.first_chunk(1)), first);
  first["steering"] = echo_json();
  EXPECT_EQ(json::parse(writer.first_chunk(1, echo())), first);

  auto text = chunk(R"({"index": 1, "delta": {"content": "Hi"}, "logprobs": null, "finish_reason": null})");
  EXPECT_EQ(json::parse(writer.text_chunk(1, "Hi")), text);
  text["choices"][0]["logprobs"] = chat_scores_json();
  EXPECT_EQ(json::parse(writer.text_chunk(1, "Hi", scored_tokens())), text);

  EXPECT_EQ(json::parse(writer.last_chunk(1, FinishReason::length)),
            chunk(R"({"index": 1, "delta": {}, "logprobs": null, "finish_reason": "length"})"));
}

TEST(ChatResponse, IsStreamedWithUsageLastIfAskedFor) {
  const CompletionWriter writer(chat_head(), true);
  for (const auto& chunk :
       {writer.first_chunk(0), writer.text_chunk(0, "Hi"), writer.last_chunk(0, FinishReason::stop)})
    EXPECT_THAT(chunk, HasSubstr(R"("usage":null)"));
  EXPECT_THAT(CompletionWriter(chat_head()).text_chunk(0, "Hi"), Not(HasSubstr("usage")));
  auto expected = json::parse(R"({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000,
                                  "model": "m", "choices": []})");
  expected["usage"] = usage_json();
  EXPECT_EQ(json::parse(writer.usage_chunk(usage)), expected);
}

TEST(TextResponse, IsATextCompletion) {
  const std::vector<Choice> choices = {
      {.index = 0, .text = " a time", .reason = FinishReason::length, .scores = scored_tokens()},
      {.index = 1, .text = " more", .reason = FinishReason::stop, .steering = echo()}};
  auto expected = json::parse(R"({"id": "cmpl-1", "object": "text_completion", "created": 1700000000, "model": "m",
    "choices": [{"index": 0, "text": " a time", "logprobs": null, "finish_reason": "length"},
                {"index": 1, "text": " more", "logprobs": null, "finish_reason": "stop"}]})");
  expected["choices"][0]["logprobs"] = text_scores_json();
  expected["choices"][1]["steering"] = echo_json();
  expected["usage"] = usage_json();
  EXPECT_EQ(json::parse(CompletionWriter(text_head()).whole(choices, usage)), expected);
}

TEST(TextResponse, IsStreamedInChunks) {
  const CompletionWriter writer(text_head(), true);
  const auto chunk = [](const char* choice) {
    auto whole = json::parse(R"({"id": "cmpl-1", "object": "text_completion", "created": 1700000000, "model": "m",
                                "choices": [], "usage": null})");
    whole["choices"].push_back(json::parse(choice));
    return whole;
  };
  auto first = chunk(R"({"index": 0, "text": "", "logprobs": null, "finish_reason": null})");
  first["steering"] = echo_json();
  EXPECT_EQ(json::parse(writer.first_chunk(0, echo())), first);
  auto text = chunk(R"({"index": 0, "text": "Hi", "logprobs": null, "finish_reason": null})");
  text["choices"][0]["logprobs"] = text_scores_json();
  EXPECT_EQ(json::parse(writer.text_chunk(0, "Hi", scored_tokens())), text);
  EXPECT_EQ(json::parse(writer.last_chunk(0, FinishReason::stop)),
            chunk(R"({"index": 0, "text": "", "logprobs": null, "finish_reason": "stop"})"));
  EXPECT_EQ(json::parse(writer.usage_chunk(usage))["usage"], usage_json());
}

TEST(Response, SaysLengthWhereAnAnswerWasCutShort) {
  const CompletionWriter writer(text_head());
  const auto reason = [&](FinishReason finish) {
    return json::parse(writer.last_chunk(0, finish))["choices"][0]["finish_reason"].get<std::string>();
  };
  EXPECT_EQ(reason(FinishReason::stop), "stop");
  EXPECT_EQ(reason(FinishReason::length), "length");
  EXPECT_EQ(reason(FinishReason::cancelled), "length");
}

TEST(Response, IsJsonInOneLineWhateverTheTextIs) {
  const CompletionWriter writer(chat_head());
  const auto chunk = writer.text_chunk(0, "a\nb\r\xff\x01");
  EXPECT_EQ(chunk.find('\n'), std::string::npos);
  EXPECT_EQ(json::parse(chunk)["choices"][0]["delta"]["content"], "a\nb\r\uFFFD\x01");
}

TEST(Response, CountsCharactersByTheirFirstBytes) {
  EXPECT_EQ(count_characters(""), 0U);
  EXPECT_EQ(count_characters("caf\u00e9"), 4U);
  EXPECT_EQ(count_characters("caf\xc3") + count_characters("\xa9"), 4U);
  EXPECT_EQ(count_characters("\U0001F600!"), 2U);
}

TEST(Response, HasAnIdOfItsOwn) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.insert(make_completion_id(CompletionKind::chat));
  EXPECT_EQ(ids.size(), 100U);
  EXPECT_THAT(*ids.begin(), MatchesRegex("chatcmpl-[0-9a-f]{32}"));
  EXPECT_THAT(make_completion_id(CompletionKind::text), MatchesRegex("cmpl-[0-9a-f]{32}"));
}

TEST(ServerSentEvent, EndsWithABlankLine) {
  EXPECT_EQ(server_sent_event("{}"), "data: {}\n\n");
  EXPECT_EQ(last_server_sent_event, "data: [DONE]\n\n");
}

TEST(Models, AreListed) {
  const std::vector<ModelEntry> models = {{.id = "m", .created = 7}};
  EXPECT_EQ(json::parse(models_json(models)), json::parse(R"({"object": "list", "data": [
              {"id": "m", "object": "model", "created": 7, "owned_by": "w2s"}]})"));
  EXPECT_EQ(json::parse(model_json(models[0])),
            json::parse(R"({"id": "m", "object": "model", "created": 7, "owned_by": "w2s"})"));
}

TEST(Embeddings, AreListsOfNumbers) {
  const std::vector<std::vector<float>> embeddings = {{0.1F, -1}, {2, 0}};
  const auto text = embeddings_json("m", embeddings, false, 7);
  EXPECT_THAT(text, HasSubstr("[0.1,-1.0]"));
  EXPECT_EQ(json::parse(text), json::parse(R"({"object": "list", "model": "m", "data": [
    {"object": "embedding", "index": 0, "embedding": [0.1, -1.0]},
    {"object": "embedding", "index": 1, "embedding": [2.0, 0.0]}],
    "usage": {"prompt_tokens": 7, "total_tokens": 7}})"));
}

TEST(Embeddings, AreBase64OfTheirBytesIfAskedFor) {
  const std::vector<std::vector<float>> embeddings = {{1, -2}};
  EXPECT_EQ(json::parse(embeddings_json("m", embeddings, true, 1))["data"][0]["embedding"], "AACAPwAAAMA=");
}

}  // namespace
}  // namespace w2s::serve
