#include <gmock/gmock.h>

#include "serve/running_server.h"
#include "support/error_of.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using test::eventually;
using test::json;
using test::OpenStream;
using test::RunningServer;
using testing::HasSubstr;
using testing::Not;

constexpr const char* completions = "/v1/completions";

/// Whoever asks for this is not done soon.
json endless_body() {
  return {{"model", "tiny"},
          {"prompt", "Tell me"},
          {"temperature", 0},
          {"max_tokens", test::long_context},
          {"logit_bias", {{std::to_string(test::im_end_token), -100}}}};
}

json short_body() { return {{"model", "tiny"}, {"prompt", "Tell me"}, {"temperature", 0}, {"max_tokens", 2}}; }

int status_of(const httplib::Result& result) {
  EXPECT_TRUE(result) << httplib::to_string(result.error());
  return result ? result->status : -1;
}

std::string code_of(const httplib::Result& result) {
  const auto error = json::parse(result->body).at("error");
  return error.at("code").is_string() ? error.at("code").get<std::string>() : "";
}

class ServerLimitsTest : public testing::Test {
 protected:
  static constexpr DecoderOptions one_at_a_time = {
      .context = test::long_context, .sequences = 2, .rows_per_batch = 16, .threads = 1};
  test::LoadedTinyModel tiny_{test::long_winded()};
};

TEST_F(ServerLimitsTest, AsksForAKey) {
  const RunningServer server(tiny_, {.api_keys = {"first-key", "second-key"}});
  const auto status = [&](const std::string& path, const httplib::Headers& headers) {
    return status_of(server.client().Get(path, headers));
  };
  for (const auto* path : {"/v1/models", "/v1/steering/vectors", "/metrics", "/surprise"}) {
    EXPECT_EQ(status(path, {}), 401) << path;
    EXPECT_EQ(status(path, {{"Authorization", "Bearer third-key"}}), 401) << path;
    EXPECT_EQ(status(path, {{"Authorization", "Bearer first-ke"}}), 401) << path;
    EXPECT_EQ(status(path, {{"Authorization", "Bearer"}}), 401) << path;
    EXPECT_EQ(status(path, {{"Authorization", "first-key"}}), 401) << path;
    EXPECT_NE(status(path, {{"Authorization", "Bearer second-key"}}), 401) << path;
  }
  EXPECT_EQ(status_of(server.post(completions, short_body())), 401);
  EXPECT_EQ(code_of(server.post(completions, short_body())), "invalid_api_key");
  const httplib::Headers good = {{"Authorization", "bearer first-key"}};
  EXPECT_EQ(status_of(server.client().Post(completions, good, short_body().dump(), "application/json")), 200);
  EXPECT_EQ(status_of(server.get("/health")), 200);
  EXPECT_EQ(status_of(server.get("/")), 200);
  EXPECT_THAT(server.log_text(), Not(HasSubstr("-ke")));
}

TEST_F(ServerLimitsTest, RefusesALargeBodyUnread) {
  const RunningServer server(tiny_, {.max_body_bytes = 1000});
  auto body = short_body();
  body["prompt"] = std::string(2000, 'a');
  const auto result = server.post(completions, body);
  EXPECT_EQ(result->status, 413);
  EXPECT_EQ(json::parse(result->body).at("error").at("type"), "invalid_request_error");
  EXPECT_EQ(status_of(server.post(completions, short_body())), 200);
}

TEST_F(ServerLimitsTest, RefusesALongPrompt) {
  const RunningServer server(tiny_, {.max_prompt_tokens = 20});
  auto body = short_body();
  body["prompt"] = std::string(19, 'a');  // and BOS
  EXPECT_EQ(status_of(server.post(completions, body)), 200);
  body["prompt"] = std::string(20, 'a');
  const auto result = server.post(completions, body);
  EXPECT_EQ(result->status, 400);
  EXPECT_EQ(code_of(result), "context_length_exceeded");
}

TEST_F(ServerLimitsTest, RefusesAPromptLongerThanTheContext) {
  const RunningServer server(tiny_, {}, {.context = 256, .sequences = 2, .threads = 1});
  auto body = short_body();
  body["prompt"] = std::string(3000, 'a');
  EXPECT_EQ(code_of(server.post(completions, body)), "context_length_exceeded");
}

TEST_F(ServerLimitsTest, RefusesMoreChoicesThanItGives) {
  const RunningServer server(tiny_, {.max_choices = 2});
  auto body = short_body();
  body["n"] = 2;
  EXPECT_EQ(status_of(server.post(completions, body)), 200);
  body["n"] = 3;
  EXPECT_EQ(status_of(server.post(completions, body)), 400);
}

TEST_F(ServerLimitsTest, RefusesWhatDoesNotFitIntoTheQueue) {
  const RunningServer server(tiny_, {.max_queued = 1}, one_at_a_time);
  auto body = endless_body();
  body["n"] = 3;
  OpenStream stream(server, completions, body);
  ASSERT_TRUE(eventually([&] { return stream.has_begun(); }));
  const auto result = server.post(completions, short_body());
  EXPECT_EQ(result->status, 429);
  EXPECT_EQ(result->get_header_value("Retry-After"), "1");
  EXPECT_EQ(json::parse(result->body).at("error").at("type"), "rate_limit_error");
  EXPECT_EQ(status_of(server.get("/health")), 200);
  stream.leave();
  EXPECT_TRUE(eventually([&] { return server.post(completions, short_body())->status == 200; }));
}

TEST_F(ServerLimitsTest, FreesThePlaceOfAClientThatLeaves) {
  const RunningServer server(tiny_, {.max_queued = 0}, one_at_a_time);
  auto body = endless_body();
  body["n"] = 2;
  for (int i = 0; i < 3; ++i) {
    OpenStream stream(server, completions, body);
    ASSERT_TRUE(eventually([&] { return stream.has_begun(); }));
    stream.leave();
    ASSERT_TRUE(eventually([&] { return server.post(completions, short_body())->status == 200; }));
  }
  EXPECT_TRUE(eventually([&] { return server.metric("w2s_generations_running") == 0; }));
  EXPECT_LT(server.metric("w2s_tokens_generated_total"), 3 * test::long_context);
  EXPECT_THAT(server.log_text(), HasSubstr("client_gone"));
}

TEST_F(ServerLimitsTest, CancelsForAClientThatDoesNotWaitForAWholeAnswer) {
  const RunningServer server(tiny_, {.max_queued = 0}, one_at_a_time);
  auto client = server.client();
  client.set_read_timeout(std::chrono::milliseconds(50));
  EXPECT_FALSE(client.Post(completions, endless_body().dump(), "application/json"));
  EXPECT_TRUE(eventually([&] { return server.log_text().find("client_gone") != std::string::npos; }));
  EXPECT_TRUE(eventually([&] { return server.metric("w2s_generations_running") == 0; }));
}

TEST_F(ServerLimitsTest, GivesUpAnAnswerThatTakesTooLong) {
  const RunningServer server(tiny_, {.request_timeout = std::chrono::milliseconds(50)}, one_at_a_time);
  const auto result = server.post(completions, endless_body());
  EXPECT_EQ(result->status, 408);
  EXPECT_TRUE(eventually([&] { return server.metric("w2s_generations_running") == 0; }));
}

TEST_F(ServerLimitsTest, TellsAStreamThatItTakesTooLong) {
  // Long enough for an answer to begin on a busy machine; else it would be 408 again.
  const RunningServer server(tiny_, {.request_timeout = std::chrono::milliseconds(500)}, one_at_a_time);
  OpenStream stream(server, completions, endless_body());
  const auto text = stream.wait();
  const auto last = json::parse(stream.status() == 200 ? test::events_of(text).back() : text);
  EXPECT_TRUE(last.contains("error")) << last;
  EXPECT_TRUE(eventually([&] { return server.metric("w2s_generations_running") == 0; }));
}

TEST_F(ServerLimitsTest, NeverFailsOnMalformedRequests) {
  const RunningServer server(tiny_);
  const std::vector<std::string> bodies = {
      "",
      "{",
      "null",
      "[]",
      "7",
      "\"text\"",
      "{}",
      "\xff\xfe",
      std::string(1, '\0'),
      std::string(100000, '['),
      R"({"model": "tiny", "prompt": 1e999})",
      R"({"model": "tiny", "prompt": "a", "max_tokens": -1})",
      R"({"model": "tiny", "prompt": "a", "n": 1e9})",
      R"({"model": "tiny", "prompt": [999999]})",
      R"({"model": "tiny", "prompt": [[-1]]})",
      R"({"model": "tiny", "prompt": ""})",
      R"({"model": "tiny", "prompt": "a", "seed": "x"})",
      R"({"model": "tiny", "prompt": "a", "temperature": 1e30})",
      R"({"model": "tiny", "prompt": "a", "logit_bias": {"99999": 1}})",
      R"({"model": "tiny", "messages": []})",
      R"({"model": "tiny", "messages": [{"role": "user"}]})",
      R"({"model": "tiny", "messages": [{"role": "x", "content": "y"}]})",
      R"({"model": "tiny", "messages": [{"role": "user", "content": "a"}], "steering": {"vectors": [{"name": "none"}]}})",
      R"({"model": "tiny", "messages": [{"role": "user", "content": "a"}], "steering": 3})",
      R"({"model": "tiny", "input": []})",
      R"({"model": "tiny", "input": 3})"};
  for (const auto* path : {"/v1/chat/completions", completions, "/v1/embeddings"}) {
    for (const auto& body : bodies) {
      const auto result = server.client().Post(path, body, "application/json");
      ASSERT_TRUE(result) << path << " " << body.substr(0, 80);
      if (result->status == 200) continue;
      EXPECT_GE(result->status, 400) << path << " " << body.substr(0, 80);
      EXPECT_LT(result->status, 500) << path << " " << body.substr(0, 80) << result->body;
      EXPECT_TRUE(json::parse(result->body).at("error").at("message").is_string());
    }
  }
  EXPECT_EQ(status_of(server.post(completions, short_body())), 200);
}

TEST_F(ServerLimitsTest, TakesJsonOnly) {
  const RunningServer server(tiny_);
  for (const auto* type :
       {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"}) {
    const auto result = server.client().Post(completions, short_body().dump(), type);
    EXPECT_EQ(result->status, 415) << type;
    EXPECT_EQ(code_of(result), "unsupported_media_type");
  }
  EXPECT_EQ(server.client().Post(completions, short_body().dump(), "application/json; charset=utf-8")->status, 200);
}

TEST_F(ServerLimitsTest, ExplainsWhatIsNotThere) {
  const RunningServer server(tiny_);
  const auto unknown = server.get("/v2/completions");
  EXPECT_EQ(unknown->status, 404);
  EXPECT_TRUE(json::parse(unknown->body).at("error").contains("message"));
  const auto wrong = server.get(completions);
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->get_header_value("Allow"), "OPTIONS, POST");
  EXPECT_EQ(status_of(server.client().Delete("/v1/models/tiny")), 405);
  EXPECT_EQ(status_of(server.client().Head("/v1/models")), 200);
  EXPECT_EQ(status_of(server.client().Head(completions)), 405);
  EXPECT_EQ(status_of(server.get("/../../etc/passwd")), 404);
  EXPECT_FALSE(server.get("/v1/models/" + std::string(40000, 'a')));  // nobody reads so long a line
  httplib::Headers many;
  for (int i = 0; i < 200; ++i) many.emplace("X-Header-" + std::to_string(i), "value");
  EXPECT_EQ(status_of(server.client().Get("/health", many)), 400);
}

TEST_F(ServerLimitsTest, SaysWhatAPathAllows) {
  const RunningServer server(tiny_, {.api_keys = {"key"}, .cors_origins = {"https://page.example"}});
  const auto options = [&](const std::string& origin) {
    return server.client().Options(completions, httplib::Headers{{"Origin", origin}});
  };
  const auto allowed = options("https://page.example");
  EXPECT_EQ(allowed->status, 204);
  EXPECT_EQ(allowed->get_header_value("Allow"), "OPTIONS, POST");
  EXPECT_EQ(allowed->get_header_value("Access-Control-Allow-Origin"), "https://page.example");
  EXPECT_THAT(allowed->get_header_value("Access-Control-Allow-Headers"), HasSubstr("Authorization"));
  EXPECT_FALSE(options("https://other.example")->has_header("Access-Control-Allow-Origin"));
  EXPECT_EQ(status_of(server.client().Options("/surprise")), 404);
}

TEST_F(ServerLimitsTest, AnswersOnlyAsALocalHostWhereEveryoneMayAsk) {
  const auto status = [](const RunningServer& server, const std::string& host) {
    return status_of(server.client().Get("/v1/models", httplib::Headers{{"Host", host}}));
  };
  const RunningServer open(tiny_);
  EXPECT_EQ(status(open, "localhost:8080"), 200);
  EXPECT_EQ(status(open, "127.0.0.1"), 200);
  EXPECT_EQ(status(open, "[::1]:8080"), 200);
  EXPECT_EQ(status(open, "evil.example"), 403);
  EXPECT_EQ(status(open, "127.evil.example:8080"), 403);
  const RunningServer known(tiny_, {.cors_origins = {"https://page.example"}});
  EXPECT_EQ(status(known, "page.example"), 200);
}

TEST_F(ServerLimitsTest, KeepsConnections) {
  const RunningServer server(tiny_);
  auto client = server.client();
  client.set_keep_alive(true);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.Post(completions, short_body().dump(), "application/json")->status, 200);
    EXPECT_TRUE(client.is_socket_open());
  }
}

TEST_F(ServerLimitsTest, FinishesWhatHasBegunBeforeItStops) {
  RunningServer server(tiny_, {}, one_at_a_time);
  auto body = endless_body();
  body["max_tokens"] = 1500;
  OpenStream stream(server, completions, body);
  ASSERT_TRUE(eventually([&] { return stream.has_begun(); }));
  auto kept = server.client();
  kept.set_keep_alive(true);
  ASSERT_EQ(kept.Get("/health")->status, 200);
  std::jthread stopping([&] { server.server().stop(); });
  const std::jthread stopping_again([&] { server.server().stop(); });
  EXPECT_TRUE(eventually([&] {
    const auto result = server.post(completions, short_body());
    return !result || result->status == 503;
  }));
  const auto events = test::events_of(stream.wait());
  EXPECT_EQ(events.back(), "[DONE]");
  EXPECT_EQ(json::parse(events[events.size() - 2]).at("choices")[0].at("finish_reason"), "length");
  stopping.join();
  EXPECT_FALSE(server.get("/health"));
}

TEST_F(ServerLimitsTest, StopsAtOnceIfTold) {
  RunningServer server(tiny_, {}, one_at_a_time);
  OpenStream stream(server, completions, endless_body());
  ASSERT_TRUE(eventually([&] { return stream.has_begun(); }));
  server.server().stop_now();
  const auto events = test::events_of(stream.wait());
  EXPECT_TRUE(json::parse(events.back()).contains("error"));
}

TEST_F(ServerLimitsTest, RefusesAPortThatIsTaken) {
  const RunningServer first(tiny_);
  auto second = [&](ServerOptions options) {
    Server server(tiny_.model(), one_at_a_time, {}, std::move(options));
    server.start();
  };
  const auto port = json(first.client().port()).get<int>();
  EXPECT_THAT(test::message_of(ErrorKind::network, [&] { second({.port = port}); }), HasSubstr(std::to_string(port)));
  EXPECT_THAT(test::message_of(ErrorKind::network, [&] { second({.host = "no.such.host.invalid", .port = 0}); }),
              HasSubstr("no.such.host.invalid"));
  EXPECT_THAT(test::message_of(ErrorKind::usage, [&] { second({.port = 70000}); }), HasSubstr("70000"));
  EXPECT_THAT(test::message_of(ErrorKind::usage, [&] { second({.api_keys = {""}}); }), HasSubstr("empty"));
}

}  // namespace
}  // namespace w2s
