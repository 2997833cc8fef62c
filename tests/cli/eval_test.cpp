// w2s eval where it measures: --auto-k and --open-ended.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/commands.h"
#include "cli/recording_console.h"
#include "remote/judge_server.h"
#include "support/error_of.h"
#include "support/study_settings.h"
#include "support/tiny_study.h"
#include "w2s/base.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// A finished study, made once.
class EvalCommand : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = std::make_unique<test::TemporaryFolder>();
    test::write_tiny_model(*folder / "model.gguf", test::tiny_llama());
    write_file(*folder / "warm.jsonl", test::preference_pairs(30));
    write_file(*folder / "prompts.jsonl", "{\"prompt\": \"Tell me of the sea.\"}\n{\"prompt\": \"And of soup.\"}\n");
    const auto study = test::tiny_study(*folder / "model.gguf", *folder / "warm.jsonl");
    static_cast<void>(run_study(study, *folder / "results"));
  }
  static void TearDownTestSuite() { folder.reset(); }
  void SetUp() override { ::setenv("no_proxy", "*", 1); }

  static std::string path(const std::string& name) { return (*folder / name).string(); }

  static test::RecordingConsole run(Arguments arguments) {
    const Arguments common = {path("results"), "-m", path("model.gguf"), "-t", "1", "--bootstrap-draws", "100"};
    arguments.insert(arguments.begin(), common.begin(), common.end());
    test::RecordingConsole console;
    eval_command(arguments, console.console());
    return console;
  }
  static std::string refusal(const Arguments& arguments, ErrorKind kind = ErrorKind::usage) {
    return test::message_of(kind, [&] { static_cast<void>(run(arguments)); });
  }

  static std::unique_ptr<test::TemporaryFolder> folder;
};

std::unique_ptr<test::TemporaryFolder> EvalCommand::folder;

TEST_F(EvalCommand, ComparesSeveralLayersWithOne) {
  const auto before = read_file(*folder / "results" / "results.json");
  const auto console = run({"--auto-k", "2,3", "--data", path("warm.jsonl"), "--format", "json"});
  std::vector<std::string> policies;
  for (const auto& row : json::parse(console.out)) {
    policies.push_back(row["policy"]);
    EXPECT_EQ(row["gain_over_single_mean"].is_null(), row["layers"] == 1) << row;
  }
  EXPECT_THAT(policies, testing::ElementsAre("fixed", "fixed-best2", "fixed-best3", "auto", "auto:2", "auto:3"));
  EXPECT_EQ(read_file(*folder / "results" / "results.json"), before);
  EXPECT_THAT(run({"--auto-k", "2", "--data", path("warm.jsonl")}).out, HasSubstr("within"));
}

TEST_F(EvalCommand, WithoutAJudgeHasNoRatings) {
  const auto console = run({"--open-ended", "--data", path("warm.jsonl"), "--limit", "2", "-n", "4", "--scales=-1,1",
                            "--answers", path("answers.jsonl"), "--format", "json"});
  const auto rows = json::parse(console.out);
  ASSERT_THAT(rows, SizeIs(5));
  for (const auto& row : rows) {
    EXPECT_TRUE(row["propensity"].is_number());
    EXPECT_FALSE(row.contains("rating"));
  }
  EXPECT_EQ(rows[0]["steered_at"], "unsteered");
  EXPECT_EQ(rows[0]["fluency_change"], 0);
  const auto answers = read_file(*folder / "answers.jsonl");
  EXPECT_EQ(std::ranges::count(answers, '\n'), 10);
  EXPECT_TRUE(json::parse(answers.substr(0, answers.find('\n')))["log_probability"].is_number());
}

TEST_F(EvalCommand, ShowsWhatTheJudgeSaysAndHowOftenItFailed) {
  test::JudgeServer judge;
  ::setenv("OPENAI_BASE_URL", judge.base_url().c_str(), 1);
  judge.next(test::says("I would say 7."));
  const auto console =
      run({"--open-ended", "--prompts", path("prompts.jsonl"), "-n", "4", "--scales", "1", "--judge", "wise"});
  ::unsetenv("OPENAI_BASE_URL");
  EXPECT_THAT(judge.requests(), SizeIs(6));
  EXPECT_THAT(console.out, HasSubstr("rated 5 answers and gave no number for 1"));
  EXPECT_THAT(console.out, HasSubstr("5.00"));
  EXPECT_THAT(console.out, Not(HasSubstr("logit difference")));
}

TEST_F(EvalCommand, EndsWithTheJudgesRefusal) {
  test::JudgeServer judge;
  ::setenv("OPENAI_BASE_URL", judge.base_url().c_str(), 1);
  judge.next(test::judge_answers(404, R"({"error": {"message": "no such model"}})"));
  const auto message =
      refusal({"--open-ended", "--prompts", path("prompts.jsonl"), "-n", "2", "--judge", "wise"}, ErrorKind::network);
  ::unsetenv("OPENAI_BASE_URL");
  EXPECT_THAT(message, HasSubstr("no such model"));
}

TEST_F(EvalCommand, SaysWhatItNeeds) {
  EXPECT_THAT(refusal({"--auto-k", "2"}), HasSubstr("--data"));
  EXPECT_THAT(refusal({"--open-ended"}), HasSubstr("--prompts"));
  EXPECT_THAT(refusal({"--open-ended", "--auto-k", "2"}), HasSubstr("one at a time"));
}

TEST_F(EvalCommand, NamesTheLineOfAPromptThatIsNone) {
  write_file(*folder / "bad.jsonl", "{\"prompt\": \"Fine.\"}\n\n{\"prompt\": 3}\n");
  EXPECT_THAT(refusal({"--open-ended", "--prompts", path("bad.jsonl")}, ErrorKind::data), HasSubstr("bad.jsonl:3"));
  write_file(*folder / "empty.jsonl", "\n");
  EXPECT_THAT(refusal({"--open-ended", "--prompts", path("empty.jsonl")}, ErrorKind::data), HasSubstr("no prompts"));
}

}  // namespace
}  // namespace w2s::cli
