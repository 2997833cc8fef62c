#include "remote/remote_embeddings.h"

#include <gmock/gmock.h>
#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "remote/embeddings_server.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using test::answers;
using test::embedding_of;
using test::EmbeddingsServer;
using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Texts = std::vector<std::string>;

constexpr const char* key = "sk-secret-0123456789";

class RemoteEmbeddingsTest : public testing::Test {
 protected:
  void SetUp() override { ::setenv("no_proxy", "*", 1); }

  [[nodiscard]] RemoteEmbeddingsOptions options() const {
    RemoteEmbeddingsOptions options;
    options.base_url = server_.base_url();
    options.api_key = key;
    options.model = "small";
    options.tries = 3;
    options.first_wait = milliseconds(1);
    options.cache_folder = folder_ / "cache";
    return options;
  }

  [[nodiscard]] std::vector<std::vector<float>> encode(const Texts& texts) { return encode(texts, options()); }
  [[nodiscard]] std::vector<std::vector<float>> encode(const Texts& texts, const RemoteEmbeddingsOptions& with) {
    return RemoteEmbeddings(with).encode(texts, job_);
  }
  [[nodiscard]] std::string failure(const Texts& texts, ErrorKind kind = ErrorKind::network) {
    return message_of(kind, [&] { static_cast<void>(encode(texts)); });
  }

  static std::vector<std::vector<float>> expected(const Texts& texts) {
    std::vector<std::vector<float>> embeddings;
    for (const auto& text : texts) embeddings.push_back(embedding_of(text));
    return embeddings;
  }

  EmbeddingsServer server_;
  test::TemporaryFolder folder_;
  std::vector<std::string> warnings_;
  Job job_{
      .on_progress = {}, .on_warning = [this](std::string_view line) { warnings_.emplace_back(line); }, .stop = {}};
};

TEST_F(RemoteEmbeddingsTest, AreThoseOfTheServerInTheOrderOfTheTexts) {
  const Texts texts = {"one", "zwei", "", "\"quoted\" ü\n"};
  EXPECT_EQ(encode(texts), expected(texts));
  EXPECT_THAT(server_.requests(), ElementsAre(texts));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(RemoteEmbeddingsTest, AreAskedForInBatches) {
  auto with = options();
  with.batch = 2;
  const Texts texts = {"a", "b", "c", "d", "e"};
  std::vector<std::size_t> done;
  job_.on_progress = [&](const Progress& progress) {
    EXPECT_EQ(progress.total, 5U);
    done.push_back(progress.done);
  };
  EXPECT_EQ(encode(texts, with), expected(texts));
  EXPECT_THAT(server_.requests(), ElementsAre(Texts{"a", "b"}, Texts{"c", "d"}, Texts{"e"}));
  EXPECT_THAT(done, ElementsAre(2, 4, 5));
}

TEST_F(RemoteEmbeddingsTest, OfLongTextsAreAskedForInSmallerBatches) {
  const Texts texts = {std::string(200'000, 'a'), std::string(200'000, 'b'), std::string(400'000, 'c'), "d"};
  EXPECT_EQ(encode(texts), expected(texts));
  EXPECT_THAT(server_.requests(), ElementsAre(SizeIs(1), SizeIs(1), SizeIs(1), SizeIs(1)));
}

TEST_F(RemoteEmbeddingsTest, ArePaidForOnce) {
  EXPECT_EQ(encode({"a", "b", "a", "b", "a"}), expected({"a", "b", "a", "b", "a"}));
  EXPECT_THAT(server_.requests(), ElementsAre(Texts{"a", "b"}));
  EXPECT_EQ(encode({"b", "c", "a"}), expected({"b", "c", "a"}));
  EXPECT_THAT(server_.requests(), ElementsAre(Texts{"a", "b"}, Texts{"c"}));
  EXPECT_EQ(encode({"c", "b"}), expected({"c", "b"}));
  EXPECT_THAT(server_.requests(), SizeIs(2));
}

TEST_F(RemoteEmbeddingsTest, OfAnotherModelAreNotThoseKept) {
  static_cast<void>(encode({"a"}));
  auto other = options();
  other.model = "large";
  static_cast<void>(encode({"a"}, other));
  EXPECT_THAT(server_.requests(), SizeIs(2));
}

TEST_F(RemoteEmbeddingsTest, KnowTheirWidthOnceATextIsEncoded) {
  RemoteEmbeddings embeddings(options());
  EXPECT_EQ(embeddings.width(), 0U);
  EXPECT_EQ(embeddings.name(), "remote:small");
  static_cast<void>(embeddings.encode(Texts{"a"}, job_));
  EXPECT_EQ(embeddings.width(), 3U);
  EXPECT_EQ(RemoteEmbeddings(options()).width(), 3U);
}

TEST_F(RemoteEmbeddingsTest, AreAskedForInTheWidthThatIsWanted) {
  auto with = options();
  with.dimensions = 3;
  server_.next([](const json& request, httplib::Response& response) {
    EXPECT_EQ(request.at("dimensions"), 3);
    response.set_content(test::good_answer(request).dump(), "application/json");
  });
  EXPECT_EQ(encode({"a"}, with), expected({"a"}));
  with.dimensions = 2;
  EXPECT_THAT(message_of(ErrorKind::network, [&] { static_cast<void>(encode({"a"}, with)); }),
              HasSubstr("3 dimensions instead of 2"));
  EXPECT_EQ(RemoteEmbeddings(with).name(), "remote:small:2");
}

TEST_F(RemoteEmbeddingsTest, WaitAsLongAsABusyServerAsks) {
  server_.next([](const json&, httplib::Response& response) {
    response.status = 429;
    response.set_header("Retry-After", "1");
    response.set_content(R"({"error":{"message":"Rate limit reached"}})", "application/json");
  });
  EXPECT_EQ(encode({"a"}), expected({"a"}));
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("HTTP 429: Rate limit reached"),
                                           HasSubstr("trying again in 1.0 s (try 2 of 3)"))));
  EXPECT_THAT(server_.requests(), SizeIs(2));
}

TEST_F(RemoteEmbeddingsTest, AreGivenUpWhenTheServerAsksForTooLongAWait) {
  server_.next([](const json&, httplib::Response& response) {
    response.status = 503;
    response.set_header("Retry-After", "99999999999999999");
  });
  EXPECT_THAT(failure({"a"}), AllOf(HasSubstr("HTTP 503"), HasSubstr("asks to wait")));
  EXPECT_THAT(server_.requests(), SizeIs(1));
}

TEST_F(RemoteEmbeddingsTest, SurviveAServerThatFailsTwice) {
  server_.next(answers(500, R"({"error":{"message":"oops"}})"), 2);
  EXPECT_EQ(encode({"a", "b"}), expected({"a", "b"}));
  EXPECT_THAT(server_.requests(), ElementsAre(Texts{"a", "b"}, Texts{"a", "b"}, Texts{"a", "b"}));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("HTTP 500: oops"), HasSubstr("HTTP 500: oops")));
}

TEST_F(RemoteEmbeddingsTest, AreGivenUpAfterTheLastTry) {
  server_.next(answers(502, "<html>Bad Gateway</html>"), 3);
  EXPECT_THAT(failure({"a"}), AllOf(HasSubstr(server_.base_url()), HasSubstr("model small"),
                                    HasSubstr("after 3 tries: HTTP 502: <html>Bad Gateway</html>")));
  EXPECT_THAT(server_.requests(), SizeIs(3));
}

TEST_F(RemoteEmbeddingsTest, SurviveATimeout) {
  auto with = options();
  with.timeout = milliseconds(200);
  server_.next_hangs();
  EXPECT_EQ(encode({"a"}, with), expected({"a"}));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("timed out")));
}

TEST_F(RemoteEmbeddingsTest, SurviveAnAnswerThatIsCutOff) {
  server_.next([](const json& request, httplib::Response& response) {
    const std::string whole = test::good_answer(request).dump();
    response.set_content(whole.substr(0, whole.size() / 2), "application/json");
  });
  server_.next([](const json& request, httplib::Response& response) {  // the connection breaks
    const std::string whole = test::good_answer(request).dump();
    response.set_content_provider(whole.size(), "application/json",
                                  [whole](std::size_t, std::size_t, httplib::DataSink& sink) {
                                    sink.write(whole.data(), whole.size() / 2);
                                    return false;
                                  });
  });
  EXPECT_EQ(encode({"a"}), expected({"a"}));
  EXPECT_THAT(warnings_, SizeIs(2));
  EXPECT_THAT(warnings_.front(), HasSubstr("not JSON, or was cut off"));
}

TEST_F(RemoteEmbeddingsTest, AreGivenUpWhenEveryAnswerIsNoJson) {
  server_.next(answers(200, "{\"data\": [nonsense"), 3);
  EXPECT_THAT(failure({"a"}), HasSubstr("after 3 tries: the answer is not JSON, or was cut off"));
}

TEST_F(RemoteEmbeddingsTest, AreGivenUpWithoutAServer) {
  auto with = options();
  with.base_url = "http://127.0.0.1:1/v1";
  EXPECT_THAT(message_of(ErrorKind::network, [&] { static_cast<void>(encode({"a"}, with)); }),
              AllOf(HasSubstr("http://127.0.0.1:1/v1"), HasSubstr("after 3 tries"), HasSubstr("connect")));
  EXPECT_THAT(warnings_, SizeIs(2));
}

TEST_F(RemoteEmbeddingsTest, OfAWrongWidthAreRefusedAndThoseBeforeKept) {
  auto with = options();
  with.batch = 1;
  server_.next([](const json& request, httplib::Response& response) {
    response.set_content(test::good_answer(request).dump(), "application/json");
  });
  server_.next(answers(200, R"({"data":[{"index":0,"embedding":[1,2]}]})"));
  EXPECT_THAT(message_of(ErrorKind::network, [&] { static_cast<void>(encode({"a", "b"}, with)); }),
              AllOf(HasSubstr("embeddings of 2 dimensions"), HasSubstr("have 3")));
  EXPECT_EQ(encode({"a", "b"}, with), expected({"a", "b"}));
  EXPECT_THAT(server_.requests(), ElementsAre(Texts{"a"}, Texts{"b"}, Texts{"b"}));
}

TEST_F(RemoteEmbeddingsTest, ThatAreTooFewAreRefused) {
  server_.next(answers(200, R"({"data":[{"index":0,"embedding":[1,2,3]}]})"));
  EXPECT_THAT(failure({"a", "b"}), HasSubstr("1 embeddings for 2 texts"));
  EXPECT_THAT(server_.requests(), SizeIs(1));
  EXPECT_EQ(encode({"a", "b"}), expected({"a", "b"}));
}

TEST_F(RemoteEmbeddingsTest, ThatComeInAnotherOrderAreSorted) {
  server_.next([](const json& request, httplib::Response& response) {
    json answer = test::good_answer(request);
    std::reverse(answer["data"].begin(), answer["data"].end());
    response.set_content(answer.dump(), "application/json");
  });
  EXPECT_EQ(encode({"a", "bb", "ccc"}), expected({"a", "bb", "ccc"}));
}

TEST_F(RemoteEmbeddingsTest, ThatTheServerRefusesAreNotAskedForAgain) {
  for (const auto& [status, message] :
       {std::pair{400, "maximum context length is 8192 tokens"}, std::pair{401, "invalid key"},
        std::pair{404, "no such model"}, std::pair{429, "You exceeded your current quota"}}) {
    server_.next(answers(status, json{{"error", {{"message", message}, {"code", "insufficient_quota"}}}}.dump()));
    const auto before = server_.requests().size();
    EXPECT_THAT(failure({"a"}), HasSubstr("HTTP " + std::to_string(status) + ": " + message));
    EXPECT_EQ(server_.requests().size(), before + 1) << status;
  }
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(RemoteEmbeddingsTest, DoNotFollowARedirectWithTheKey) {
  server_.next([](const json&, httplib::Response& response) { response.set_redirect("/v1/elsewhere", 307); });
  EXPECT_THAT(failure({"a"}), HasSubstr("HTTP 307"));
  EXPECT_THAT(server_.requests(), SizeIs(1));
}

TEST_F(RemoteEmbeddingsTest, KeepTheKeyToThemselves) {
  const std::string echo = json{{"error", {{"message", std::string("bad key ") + key + "!"}}}}.dump();
  server_.next(answers(500, echo));
  server_.next(answers(503, std::string("plain ") + key));
  server_.next(answers(401, echo));
  const auto message = failure({"a"});
  EXPECT_THAT(message, AllOf(HasSubstr("bad key [key]!; check OPENAI_API_KEY"), Not(HasSubstr(key))));
  ASSERT_THAT(warnings_, SizeIs(2));
  for (const auto& line : warnings_) EXPECT_THAT(line, AllOf(HasSubstr("[key]"), Not(HasSubstr(key))));

  static_cast<void>(encode({"a"}));
  EXPECT_THAT(server_.authorizations(), testing::Each(std::string("Bearer ") + key));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    EXPECT_THAT(read_file(entry.path()), Not(HasSubstr(key)));
    EXPECT_THAT(entry.path().string(), Not(HasSubstr(key)));
  }
  EXPECT_EQ(files, 1U);
}

TEST_F(RemoteEmbeddingsTest, SendNoAuthorizationWithoutAKey) {
  auto with = options();
  with.api_key.clear();
  static_cast<void>(encode({"a"}, with));
  EXPECT_THAT(server_.authorizations(), ElementsAre(""));
}

TEST_F(RemoteEmbeddingsTest, AreOnDiskBeforeTheNextBatchIsAskedFor) {
  auto with = options();
  with.batch = 1;
  server_.next([](const json& request, httplib::Response& response) {
    response.set_content(test::good_answer(request).dump(), "application/json");
  });
  std::vector<std::vector<float>> kept;
  server_.next([&](const json& request, httplib::Response& response) {  // were the process killed now
    kept = RemoteEmbeddings(with).encode(Texts{"a"}, Job{});
    response.set_content(test::good_answer(request).dump(), "application/json");
  });
  static_cast<void>(encode({"a", "b"}, with));
  EXPECT_EQ(kept, expected({"a"}));
  EXPECT_THAT(server_.requests(), ElementsAre(Texts{"a"}, Texts{"b"}));
}

TEST_F(RemoteEmbeddingsTest, AreStoppedWhileTheyWaitToTryAgain) {
  std::stop_source stop;
  job_.stop = stop.get_token();
  job_.on_warning = [&](std::string_view) { stop.request_stop(); };
  server_.next([](const json&, httplib::Response& response) {
    response.status = 429;
    response.set_header("Retry-After", "100");  // the test takes as long if the stop is not seen
  });
  EXPECT_THAT(failure({"a"}, ErrorKind::interrupted), HasSubstr("interrupted"));
  EXPECT_THAT(server_.requests(), SizeIs(1));
}

TEST_F(RemoteEmbeddingsTest, AreStoppedWhileTheServerIsSilentAndGoOnWhereTheyWere) {
  auto with = options();
  with.batch = 1;
  std::stop_source stop;
  job_.stop = stop.get_token();
  server_.next([](const json& request, httplib::Response& response) {
    response.set_content(test::good_answer(request).dump(), "application/json");
  });
  server_.next_hangs([&] { stop.request_stop(); });
  EXPECT_THAT(message_of(ErrorKind::interrupted, [&] { static_cast<void>(encode({"a", "b", "c"}, with)); }),
              HasSubstr("interrupted"));
  job_.stop = {};
  EXPECT_EQ(encode({"a", "b", "c"}, with), expected({"a", "b", "c"}));
  EXPECT_THAT(server_.requests(), ElementsAre(Texts{"a"}, Texts{"b"}, Texts{"b"}, Texts{"c"}));
}

TEST_F(RemoteEmbeddingsTest, OfATextThatIsNotUtf8AreRefused) {
  EXPECT_THAT(failure({"\xff"}, ErrorKind::data), HasSubstr("not UTF-8"));
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(RemoteEmbeddingsTest, RefuseOptionsThatMakeNoSense) {
  const auto refusal = [&](const std::function<void(RemoteEmbeddingsOptions&)>& change) {
    auto with = options();
    change(with);
    const auto message = message_of(ErrorKind::usage, [&] { const RemoteEmbeddings embeddings(with); });
    EXPECT_THAT(message, Not(HasSubstr("secret")));
    return message;
  };
  EXPECT_THAT(refusal([](auto& with) { with.base_url = "ftp://x"; }), HasSubstr("http"));
  EXPECT_THAT(refusal([](auto& with) { with.base_url = "http://user:secret@x/v1"; }), HasSubstr("credentials"));
  EXPECT_THAT(refusal([](auto& with) { with.base_url = "http://x/v1?key=secret"; }), HasSubstr("query"));
  EXPECT_THAT(refusal([](auto& with) { with.api_key = "secret\r\nX: y"; }), HasSubstr("API key"));
  EXPECT_THAT(refusal([](auto& with) { with.batch = 0; }), HasSubstr("batch"));
  EXPECT_THAT(refusal([](auto& with) { with.tries = 0; }), HasSubstr("tries"));
  EXPECT_THAT(refusal([](auto& with) { with.timeout = milliseconds(0); }), HasSubstr("timeout"));
  EXPECT_THAT(refusal([](auto& with) { with.model.clear(); }), HasSubstr("model"));
}

TEST_F(RemoteEmbeddingsTest, TakeBaseUrlAndKeyFromTheEnvironment) {
  ::setenv("OPENAI_BASE_URL", (server_.base_url() + "/").c_str(), 1);
  ::setenv("OPENAI_API_KEY", "sk-environment", 1);
  ::setenv("W2S_CACHE", folder_.path().c_str(), 1);
  const RemoteEmbeddingsOptions from_environment{OpenAiServerOptions::from_environment("small")};
  EXPECT_EQ(encode({"a"}, from_environment), expected({"a"}));
  EXPECT_THAT(server_.authorizations(), ElementsAre("Bearer sk-environment"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "embeddings"));

  ::unsetenv("OPENAI_BASE_URL");
  ::unsetenv("OPENAI_API_KEY");
  ::unsetenv("W2S_CACHE");
  EXPECT_EQ(OpenAiServerOptions::from_environment("small").base_url, "https://api.openai.com/v1");
  EXPECT_EQ(OpenAiServerOptions::from_environment("small").api_key, "");
}

}  // namespace
}  // namespace w2s
