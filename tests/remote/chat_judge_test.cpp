#include "w2s/remote.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "remote/judge_protocol.h"
#include "remote/judge_server.h"
#include "support/error_of.h"

namespace w2s {
namespace {

using std::chrono::milliseconds;
using test::judge_answers;
using test::JudgeServer;
using test::says;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* key = "sk-secret-0123456789";

class ChatJudgeTest : public testing::Test {
 protected:
  void SetUp() override { ::setenv("no_proxy", "*", 1); }

  [[nodiscard]] OpenAiServerOptions options() const {
    OpenAiServerOptions options;
    options.base_url = server_.base_url();
    options.api_key = key;
    options.model = "wise";
    options.tries = 3;
    options.first_wait = milliseconds(1);
    return options;
  }
  [[nodiscard]] std::optional<int> rate() {
    return ChatJudge(options()).rate({.behavior = "You are warm.", .prompt = "How is it?", .answer = "Lovely."}, job_);
  }
  [[nodiscard]] std::string failure() {
    return test::message_of(ErrorKind::network, [&] { static_cast<void>(rate()); });
  }

  JudgeServer server_;
  std::vector<std::string> warnings_;
  Job job_{
      .on_progress = {}, .on_warning = [this](std::string_view line) { warnings_.emplace_back(line); }, .stop = {}};
};

TEST_F(ChatJudgeTest, SeesBehaviorPromptAndAnswer) {
  server_.next(says("7"));
  EXPECT_EQ(rate(), 7);
  const auto requests = server_.requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0]["model"], "wise");
  EXPECT_EQ(requests[0]["temperature"], 0);
  EXPECT_EQ(requests[0]["max_completion_tokens"], 1024) << "a judge that rambles must not hold up the evaluation";
  const auto question = requests[0]["messages"].back()["content"].get<std::string>();
  for (const char* part : {"You are warm.", "How is it?", "Lovely."}) EXPECT_THAT(question, HasSubstr(part));
  EXPECT_THAT(server_.authorizations(), ElementsAre(std::string("Bearer ") + key));
}

TEST_F(ChatJudgeTest, TakesNothingButAWholeNumberForARating) {
  for (const char* reply : {"0", "10", " 3\n"}) {
    server_.next(says(reply));
    EXPECT_TRUE(rate().has_value()) << reply;
  }
  for (const char* reply : {"", "11", "-1", "7/10", "7.5", "I rate it 7", "seven", "7 8", "0x7", "+7"}) {
    server_.next(says(reply));
    EXPECT_FALSE(rate().has_value()) << reply;
  }
}

TEST_F(ChatJudgeTest, IsAskedAgainAfterAFailureThatMayPass) {
  server_.next(judge_answers(500, "{}"));
  server_.next(judge_answers(200, "{\"choices\": [{\"mess"));
  server_.next(says("4"));
  EXPECT_EQ(rate(), 4);
  EXPECT_THAT(warnings_, SizeIs(2));
}

TEST_F(ChatJudgeTest, IsGivenUpAfterTheLastTry) {
  server_.next(judge_answers(503, R"({"error": {"message": "overloaded"}})"), 3);
  EXPECT_THAT(failure(),
              testing::AllOf(HasSubstr("no rating from"), HasSubstr("after 3 tries"), HasSubstr("overloaded")));
}

TEST_F(ChatJudgeTest, IsNotAskedAgainWhereItRefuses) {
  server_.next(judge_answers(401, std::string(R"({"error": {"message": "bad key )") + key + "\"}}"));
  EXPECT_THAT(failure(), testing::AllOf(HasSubstr("check OPENAI_API_KEY"), Not(HasSubstr(key))));
  EXPECT_THAT(server_.requests(), SizeIs(1));
}

TEST_F(ChatJudgeTest, WithoutAReplyInItsAnswerIsGivenUp) {
  for (const char* body : {R"({"choices": []})", R"({"choices": [{"message": {"content": null}}]})", "[]", "3",
                           R"({"choices": ["7"]})", R"({"choices": [{"message": "7"}]})"}) {
    server_.next(judge_answers(200, body));
    EXPECT_THAT(failure(), HasSubstr("has no text")) << body;
  }
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(ChatJudgeTest, IsAskedAboutAnAnswerThatEndsWithinACharacter) {
  server_.next(says("1"));
  EXPECT_EQ(ChatJudge(options()).rate({.behavior = "b", .prompt = "p", .answer = "caf\xc3"}), 1);
}

TEST_F(ChatJudgeTest, RefusesOptionsThatMakeNoSense) {
  const auto refusal = [](const OpenAiServerOptions& options) {
    return test::message_of(ErrorKind::usage, [&] { static_cast<void>(ChatJudge(options)); });
  };
  auto wrong = options();
  wrong.model.clear();
  EXPECT_THAT(refusal(wrong), HasSubstr("the judge's model"));
  wrong = options();
  wrong.base_url = "localhost";
  EXPECT_THAT(refusal(wrong), HasSubstr("the judge's base URL"));
}

}  // namespace
}  // namespace w2s
