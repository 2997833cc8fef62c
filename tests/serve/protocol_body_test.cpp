// What any body may be: whole and broken JSON, whatever the endpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "serve/api_error_of.h"
#include "serve/protocol/requests.h"

namespace w2s::serve {
namespace {

using testing::HasSubstr;

const std::string& chat_body() {
  static const std::string body = R"({"model": "m", "messages": [{"role": "system", "content": "Sei höflich."},
    {"role": "user", "content": [{"type": "text", "text": "Grüße \u00e4 \ud83d\ude00"}]}], "temperature": 0.5,
    "stop": ["a", "b"], "logit_bias": {"17": -1.5}, "stream": true, "stream_options": {"include_usage": true},
    "steering": {"vectors": [{"name": "positive", "scale": 1.5, "layer": [1, 2]}]}})";
  return body;
}

const std::string& text_body() {
  static const std::string body = R"({"model": "m", "prompt": ["one", "two"], "n": 2, "logprobs": 3, "seed": 7})";
  return body;
}

const std::string& embeddings_body() {
  static const std::string body = R"({"model": "m", "input": [[1, 2], [3]], "encoding_format": "base64"})";
  return body;
}

struct Endpoint {
  std::string body;
  void (*parse)(std::string_view body);
};

std::vector<Endpoint> endpoints() {
  return {{chat_body(), [](std::string_view body) { static_cast<void>(parse_chat_request(body)); }},
          {text_body(), [](std::string_view body) { static_cast<void>(parse_text_request(body)); }},
          {embeddings_body(), [](std::string_view body) { static_cast<void>(parse_embeddings_request(body)); }}};
}

ApiError error_of_chat(const std::string& body) {
  return api_error_of([&] { static_cast<void>(parse_chat_request(body)); });
}

TEST(RequestBody, IsAcceptedWhole) {
  for (const auto& [body, parse] : endpoints()) EXPECT_NO_THROW(parse(body)) << body;
}

TEST(RequestBody, IsRefusedWhereverItIsCut) {
  for (const auto& [body, parse] : endpoints()) {
    for (std::size_t size = 0; size < body.size(); ++size) {
      const auto error = api_error_of([&] { parse(std::string_view(body).substr(0, size)); });
      EXPECT_EQ(error.status(), 400) << size;
      EXPECT_EQ(error.type(), "invalid_request_error") << size;
    }
  }
}

TEST(RequestBody, IsAcceptedOrRefusedWithA400WhicheverOfItsBytesChange) {
  Random random(7);
  for (const auto& [body, parse] : endpoints()) {
    for (int round = 0; round < 5000; ++round) {
      auto damaged = body;
      for (std::size_t changes = 1 + random.below(3); changes > 0; --changes)
        damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
      try {
        parse(damaged);
      } catch (const ApiError& error) {
        EXPECT_EQ(error.status(), 400) << damaged;
      }
    }
  }
}

TEST(RequestBody, MustBeAnObject) {
  for (const char* body : {"[]", "1", "\"text\"", "null", "true"}) {
    const auto error = error_of_chat(body);
    EXPECT_EQ(error.status(), 400);
    EXPECT_THAT(error.what(), HasSubstr("the body must be an object"));
    EXPECT_EQ(error.param(), "");
  }
}

TEST(RequestBody, MustBeUtf8) {
  EXPECT_STREQ(error_of_chat("{\"model\": \"\xff\"}").what(), "the body is not UTF-8: see byte 12");
  EXPECT_EQ(error_of_chat("{\"model\": \"\xff\"}").status(), 400);
  // Halves of a surrogate pair are no character either.
  EXPECT_EQ(error_of_chat(R"({"model": "\ud83d", "messages": []})").status(), 400);
}

TEST(RequestBody, IsNotQuotedByTheErrorThatFindsItIsNoJson) {
  const std::string body = R"({"model": "m", "messages": [{"role": "user", "content": "my secret" oops}]})";
  EXPECT_EQ(error_of_chat(body).what(), "the body is not JSON: see byte " + std::to_string(body.find("oops") + 1));
}

TEST(RequestBody, MayBeNestedOnlySoDeep) {
  const auto nested = [](std::size_t depth) {
    return R"({"model": "m", "messages": [{"role": "user", "content": "c"}], "metadata": )" +
           std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  const std::size_t limit = RequestLimits{}.nesting;
  EXPECT_NO_THROW(static_cast<void>(parse_chat_request(nested(limit))));
  const auto error = error_of_chat(nested(limit + 1));
  EXPECT_EQ(error.status(), 400);
  EXPECT_THAT(error.what(), HasSubstr("nested deeper than 32"));
}

TEST(RequestBody, OfAMillionOpenBracketsIsRefused) {
  for (const char* opening : {"[", "{\"a\":"}) {
    std::string body;
    for (int i = 0; i < 1000000; ++i) body += opening;
    EXPECT_EQ(error_of_chat(body).status(), 400);
  }
}

TEST(RequestBody, MayNotHaveNumbersBeyondADoubles) {
  const auto error = error_of_chat(R"({"model": "m", "temperature": 1e999})");
  EXPECT_EQ(error.status(), 400);
  EXPECT_THAT(error.what(), HasSubstr("too large"));
  for (const char* number : {"NaN", "Infinity", "-Infinity", "0x10", "01", "+1", ".5", "1."})
    EXPECT_EQ(error_of_chat(R"({"model": "m", "temperature": )" + std::string(number) + "}").status(), 400) << number;
}

}  // namespace
}  // namespace w2s::serve
