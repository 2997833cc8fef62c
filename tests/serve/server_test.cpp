#include "w2s/server.h"

#include <gmock/gmock.h>

#include <set>

#include "serve/protocol/requests.h"
#include "serve/running_server.h"

namespace w2s {
namespace {

using test::generate;
using test::json;
using test::OpenStream;
using test::RunningServer;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* chat = "/v1/chat/completions";
constexpr const char* completions = "/v1/completions";

class ServerTest : public testing::Test {
 protected:
  [[nodiscard]] const Model& model() const { return tiny_.model(); }
  [[nodiscard]] std::vector<NamedSteering> steerings() const {
    auto calm = test::some_steering("calm", model(), 3);
    calm.predictor = {.predictor = test::some_predictor(model().info(), 5),
                      .own_layer = PromptEncoder{.layer = 1, .pooling = Pooling::last}};
    return {test::some_steering("warm", model(), 1), test::some_steering("open", model(), 2), std::move(calm)};
  }
  [[nodiscard]] GenerationEngine engine() const { return {Decoder(model(), test::roomy), steerings()}; }

  [[nodiscard]] static json text_body(const std::string& prompt, std::size_t max_tokens = 12) {
    return {{"model", "tiny"}, {"prompt", prompt}, {"max_tokens", max_tokens}, {"temperature", 0}};
  }
  [[nodiscard]] static json chat_body(const std::string& question, std::size_t max_tokens = 12) {
    return {{"model", "tiny"},
            {"messages", {{{"role", "user"}, {"content", question}}}},
            {"max_tokens", max_tokens},
            {"temperature", 0}};
  }
  [[nodiscard]] GenerationRequest request(const std::string& text, std::size_t max_tokens = 12) const {
    return {.prompt = model().tokenize(text), .text = text, .sampling = {.temperature = 0}, .max_tokens = max_tokens};
  }
  [[nodiscard]] GenerationRequest chat_request(const std::string& question, std::size_t max_tokens = 12) const {
    const std::vector<ChatMessage> messages = {{"user", question}};
    auto made = request(model().chat_prompt(messages), max_tokens);
    made.text = plain_text(messages);
    return made;
  }

  test::LoadedTinyModel tiny_{test::tiny_llama()};
};

json steering_of(const std::vector<SteeringRequest>& requests) {
  auto vectors = json::array();
  for (const auto& one : requests)
    vectors.push_back({{"name", one.name}, {"scale", one.scale}, {"layer", one.layer.layers}});
  return {{"vectors", vectors}};
}

/// Texts of a stream's choices.
std::map<std::size_t, std::string> texts_of(const std::vector<std::string>& events) {
  std::map<std::size_t, std::string> texts;
  for (const auto& event : events) {
    if (event == "[DONE]") continue;
    const auto chunk = json::parse(event);
    for (const auto& choice : chunk.at("choices")) {
      const auto& piece = choice.contains("delta") ? choice.at("delta").value("content", json()) : choice.at("text");
      if (piece.is_string()) texts[choice.at("index")] += piece.get<std::string>();
    }
  }
  return texts;
}

TEST_F(ServerTest, AnswersAsTheEngineDoesAlone) {
  const RunningServer server(tiny_);
  auto alone = engine();
  for (const auto* prompt : {"Tell me", "And now?", "Tell me more"}) {
    const auto said = server.ask(completions, text_body(prompt));
    const auto wanted = generate(alone, request(prompt));
    EXPECT_EQ(said.at("choices")[0].at("text"), wanted.text);
    EXPECT_EQ(said.at("usage").at("prompt_tokens"), model().tokenize(prompt).size());
    EXPECT_EQ(said.at("usage").at("completion_tokens"), wanted.tokens.size());

    const auto answer = server.ask(chat, chat_body(prompt));
    EXPECT_EQ(answer.at("choices")[0].at("message").at("content"), generate(alone, chat_request(prompt)).text);
    EXPECT_FALSE(answer.contains("steering"));
  }
}

TEST_F(ServerTest, StreamsTheSameAnswers) {
  const RunningServer server(tiny_, {}, test::roomy, steerings());
  auto body = chat_body("How was it?", 40);
  body["steering"] = steering_of({{.name = "warm", .scale = 3, .layer = {.layers = {1, 2}}}});
  const auto whole = server.ask(chat, body);
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  const auto result = server.post(chat, body);
  EXPECT_EQ(result->get_header_value("Content-Type"), "text/event-stream");
  auto events = test::events_of(result->body);
  ASSERT_EQ(events.back(), "[DONE]");
  EXPECT_EQ(whole.at("choices")[0].at("message").at("content"), texts_of(events)[0]);
  EXPECT_EQ(json::parse(events.front()).at("steering"), whole.at("steering"));
  const auto usage = json::parse(events[events.size() - 2]);
  EXPECT_THAT(usage.at("choices"), IsEmpty());
  EXPECT_EQ(usage.at("usage").at("completion_tokens"), whole.at("usage").at("completion_tokens"));
  const auto last = json::parse(events[events.size() - 3]);
  EXPECT_EQ(last.at("choices")[0].at("finish_reason"), whole.at("choices")[0].at("finish_reason"));
}

TEST_F(ServerTest, SaysWhereAnAnswerWasSteered) {
  const RunningServer server(tiny_, {}, test::roomy, steerings());
  auto alone = engine();
  for (const auto* question : {"How was it?", "Why?", "Is it late?"}) {
    auto body = chat_body(question);
    body["steering"] = {{"vectors", {{{"name", "calm"}, {"scale", 2.5}, {"layer", "auto"}}}}};
    auto wanted = chat_request(question);
    wanted.steering = {{.name = "calm", .scale = 2.5F}};
    const auto recorded = generate(alone, wanted);
    const auto said = server.ask(chat, body);
    EXPECT_EQ(said.at("choices")[0].at("message").at("content"), recorded.text);
    const auto& applied = said.at("steering").at("applied");
    ASSERT_THAT(applied, SizeIs(1));
    EXPECT_EQ(applied[0].at("layer"), recorded.started->applied[0].layer);
    EXPECT_FLOAT_EQ(applied[0].at("confidence").get<float>(), *recorded.started->applied[0].confidence);
  }
}

TEST_F(ServerTest, GivesEveryOneOfManyClientsWhatItGetsAlone) {
  const RunningServer server(tiny_, {.max_queued = 64}, {.context = 1024, .sequences = 16, .threads = 1}, steerings());
  constexpr std::size_t clients = 64;
  std::vector<json> bodies;
  std::vector<GenerationRequest> requests;
  for (std::size_t i = 0; i < clients; ++i) {
    const auto prompt = "Question " + std::to_string(i % 7) + std::string(i % 5, '.') + " asks";
    requests.push_back(request(prompt, 6 + i % 9));
    bodies.push_back(text_body(prompt, 6 + i % 9));
    if (i % 4 == 0) continue;
    requests[i].steering = {{.name = i % 2 == 0 ? "warm" : "open",
                             .scale = static_cast<float>(i % 9) - 4,
                             .layer = {.layers = {i % 3, 3}}}};
    bodies[i]["steering"] = steering_of(requests[i].steering);
  }
  std::vector<std::string> said(clients);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < clients; ++i) {
      threads.emplace_back([&, i] {
        if (i % 2 == 0) {
          said[i] = server.ask(completions, bodies[i]).at("choices")[0].at("text");
        } else {
          said[i] = texts_of(test::events_of(OpenStream(server, completions, bodies[i]).wait()))[0];
        }
      });
    }
  }
  std::set<std::string> different;
  for (std::size_t i = 0; i < clients; ++i) {
    auto alone = engine();
    EXPECT_EQ(said[i], generate(alone, requests[i]).text) << i;
    different.insert(said[i]);
  }
  EXPECT_GT(different.size(), 32U);
}

TEST_F(ServerTest, DecodesThePromptOfSeveralChoicesOnce) {
  const RunningServer server(tiny_);
  auto alone = engine();
  auto body = text_body("Once upon a time there was");
  body.update({{"n", 3}, {"temperature", 1.5}, {"seed", 7}});
  const auto said = server.ask(completions, body);
  const auto parsed = serve::parse_text_request(body.dump());
  std::set<std::string> different;
  for (std::size_t i = 0; i < 3; ++i) {
    auto wanted = request("Once upon a time there was");
    wanted.sampling = serve::sampling_of_choice(parsed.options, i);
    EXPECT_EQ(said.at("choices")[i].at("text"), generate(alone, wanted).text);
    different.insert(said.at("choices")[i].at("text").get<std::string>());
  }
  EXPECT_THAT(different, SizeIs(3));
  EXPECT_EQ(said.at("usage").at("prompt_tokens"), 27);
  EXPECT_EQ(server.metric("w2s_prompt_tokens_total"), 27);
  EXPECT_EQ(server.ask(completions, body).at("usage").at("prompt_tokens_details").at("cached_tokens"), 26);
}

TEST_F(ServerTest, AnswersSeveralPromptsAndPromptsOfTokens) {
  const RunningServer server(tiny_);
  auto alone = engine();
  auto body = text_body("");
  body["prompt"] = {"one", "three"};
  const auto said = server.ask(completions, body);
  EXPECT_EQ(said.at("choices")[0].at("text"), generate(alone, request("one")).text);
  EXPECT_EQ(said.at("choices")[1].at("text"), generate(alone, request("three")).text);
  body["prompt"] = model().tokenize("three");
  EXPECT_EQ(server.ask(completions, body).at("choices")[0].at("text"), said.at("choices")[1].at("text"));
}

TEST_F(ServerTest, StopsInFrontOfStopStringsAndScoresTokens) {
  const RunningServer server(tiny_);
  auto body = text_body("Tell me", 24);
  body["logprobs"] = 2;
  const auto said = server.ask(completions, body).at("choices")[0];
  EXPECT_THAT(said.at("logprobs").at("token_logprobs"), SizeIs(24));
  EXPECT_THAT(said.at("logprobs").at("top_logprobs"), SizeIs(24));
  const auto text = said.at("text").get<std::string>();
  const auto letter = std::ranges::find_if(text, [](char c) { return c >= 'A' && c <= 'z'; });
  ASSERT_NE(letter, text.end());
  const std::string stop(1, *letter);
  body["stop"] = stop;
  const auto stopped = server.ask(completions, body).at("choices")[0];
  EXPECT_EQ(stopped.at("text"), text.substr(0, text.find(stop)));
  EXPECT_EQ(stopped.at("finish_reason"), "stop");
}

TEST_F(ServerTest, ListsModelsAndSteerings) {
  const RunningServer server(tiny_, {}, test::roomy, steerings());
  const auto models = json::parse(server.get("/v1/models")->body);
  EXPECT_EQ(models.at("data")[0].at("id"), "tiny");
  EXPECT_EQ(json::parse(server.get("/v1/models/tiny")->body).at("id"), "tiny");
  EXPECT_EQ(server.get("/v1/models/large")->status, 404);
  const auto vectors = json::parse(server.get("/v1/steering/vectors")->body).at("data");
  ASSERT_THAT(vectors, SizeIs(3));
  EXPECT_EQ(vectors[0].at("name"), "warm");
  EXPECT_EQ(vectors[0].at("layers"), json({0, 1, 2, 3}));
  EXPECT_EQ(vectors[2].at("has_predictor"), true);
}

/// Embeds a text as its length and first byte.
class LengthEncoder final : public TextEncoder {
 public:
  [[nodiscard]] std::string name() const override { return "length"; }
  [[nodiscard]] std::size_t width() const override { return 2; }
  [[nodiscard]] std::vector<std::vector<float>> encode(std::span<const std::string> texts, const Job&) override {
    std::vector<std::vector<float>> all;
    for (const auto& text : texts) all.push_back({static_cast<float>(text.size()), static_cast<float>(text[0])});
    return all;
  }
};

TEST_F(ServerTest, EmbedsWithAnEmbeddingModelOnly) {
  const json body = {{"model", "length"}, {"input", {"A", "BC"}}};
  const RunningServer without(tiny_);
  EXPECT_EQ(without.post("/v1/embeddings", body)->status, 404);
  const RunningServer with(tiny_, {.embedding_model = std::make_shared<LengthEncoder>()});
  const auto said = with.ask("/v1/embeddings", body);
  EXPECT_EQ(said.at("data")[0].at("embedding"), json({1.0, 65.0}));
  EXPECT_EQ(said.at("data")[1].at("embedding"), json({2.0, 66.0}));
  EXPECT_EQ(with.post("/v1/embeddings", {{"model", "tiny"}, {"input", "A"}})->status, 404);
}

TEST_F(ServerTest, EmbedsWithAPredictorsModelElse) {
  auto steered = steerings();
  steered[0].predictor = {.predictor = test::some_predictor(model().info(), 1),
                          .text_encoder = std::make_shared<LengthEncoder>()};
  const RunningServer server(tiny_, {}, test::roomy, std::move(steered));
  EXPECT_EQ(server.ask("/v1/embeddings", {{"model", "length"}, {"input", "AB"}}).at("data")[0].at("embedding"),
            json({2.0, 65.0}));
}

TEST_F(ServerTest, CountsWhatItDoes) {
  const RunningServer server(tiny_);
  EXPECT_EQ(server.metric("w2s_tokens_generated_total"), 0);
  const auto tokens = model().tokenize("Tell me").size();
  const auto first = server.ask(completions, text_body("Tell me"));
  const auto second = server.ask(completions, text_body("Tell me"));
  const auto generated = [](const json& said) { return said.at("usage").at("completion_tokens").get<double>(); };
  EXPECT_EQ(server.metric("w2s_tokens_generated_total"), generated(first) + generated(second));
  EXPECT_EQ(server.metric("w2s_prompt_tokens_total"), static_cast<double>(2 * tokens));
  EXPECT_EQ(server.metric("w2s_prompt_tokens_cached_total"), static_cast<double>(tokens - 1));
  EXPECT_EQ(server.metric("w2s_time_to_first_token_seconds_count"), 2);
  EXPECT_EQ(server.metric("w2s_http_requests_total{path=\"/v1/completions\",status=\"200\"}"), 2);
  EXPECT_EQ(server.metric("w2s_request_duration_seconds_count{path=\"/v1/completions\"}"), 2);
  EXPECT_EQ(server.get("/surprise")->status, 404);
  EXPECT_EQ(server.get("/another")->status, 404);
  EXPECT_EQ(server.metric("w2s_http_requests_total{path=\"other\",status=\"404\"}"), 2);
  EXPECT_TRUE(test::eventually([&] { return server.metric("w2s_generations_running") == 0; }));
}

TEST_F(ServerTest, LogsALineForEachRequestWithoutItsText) {
  const RunningServer server(tiny_, {}, test::roomy, steerings());
  auto body = chat_body("A secret question");
  body["steering"] = steering_of({{.name = "warm", .scale = 2, .layer = {.layers = {3}}}});
  const auto said = server.ask(chat, body);
  EXPECT_FALSE(OpenStream(server, chat, body).wait().empty());
  EXPECT_EQ(server.get("/v1/models?key=secret")->status, 200);
  const auto log = server.log();
  ASSERT_THAT(log, SizeIs(3));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(log[i].at("method"), "POST");
    EXPECT_EQ(log[i].at("path"), chat);
    EXPECT_EQ(log[i].at("status"), 200);
    EXPECT_EQ(log[i].at("prompt_tokens"), said.at("usage").at("prompt_tokens"));
    EXPECT_EQ(log[i].at("completion_tokens"), said.at("usage").at("completion_tokens"));
    EXPECT_EQ(log[i].at("steering"), json::parse(R"([{"name": "warm", "layer": 3, "scale": 2.0}])"));
    EXPECT_TRUE(log[i].contains("milliseconds"));
  }
  EXPECT_NE(log[0].at("id"), log[1].at("id"));
  EXPECT_THAT(server.log_text(), Not(HasSubstr("secret")));
}

TEST_F(ServerTest, LogsTextIfAsked) {
  const RunningServer server(tiny_, {.log_prompts = true});
  const auto said = server.ask(completions, text_body("A secret question"));
  ASSERT_THAT(server.log(), SizeIs(1));
  EXPECT_THAT(server.log()[0].at("prompts")[0].get<std::string>(), HasSubstr("A secret question"));
  EXPECT_EQ(server.log()[0].at("answers")[0], said.at("choices")[0].at("text"));
}

}  // namespace
}  // namespace w2s
