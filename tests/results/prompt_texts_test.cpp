#include "w2s/results.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_study.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class PromptTexts : public testing::Test {
 protected:
  [[nodiscard]] std::string refusal(const std::string& content) const {
    write_file(folder_.prompts(), content);
    return test::message_of(ErrorKind::results, [&] { static_cast<void>(read_prompt_texts(folder_)); });
  }

  test::TemporaryFolder root_;
  BehaviorFolder folder_{root_.path()};
};

PromptText text_of(const std::string& chosen, const std::string& rejected) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  auto behavior = test::questions(1);
  behavior.samples[0].chosen = chosen;
  behavior.samples[0].rejected = rejected;
  return make_prompt_text(tiny.model(), behavior.samples[0].id,
                          tokenize_sample(tiny.model(), behavior, behavior.samples[0]));
}

TEST_F(PromptTexts, AreWhatTheModelSawUpToTheSteeredTokenAndWhatFollows) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  const auto behavior = test::questions(2);
  const auto sample = tokenize_sample(tiny.model(), behavior, behavior.samples[1]);
  const auto text = make_prompt_text(tiny.model(), behavior.samples[1].id, sample);
  EXPECT_EQ(text.id, behavior.samples[1].id);
  EXPECT_THAT(text.before, AllOf(StartsWith("<s><|im_start|>system\n"), HasSubstr("Is 1 river warm?\n"),
                                 testing::EndsWith("<|im_start|>assistant\n ")));
  EXPECT_EQ(text.steered, "(");
  EXPECT_EQ(text.chosen, "B");
  EXPECT_EQ(text.rejected, "A");
  EXPECT_EQ(text.before + text.steered, tiny.model().text(sample.prompt));
}

TEST_F(PromptTexts, ComeBackAsTheyWereWritten) {
  const std::vector<PromptText> texts = {
      {.id = 17, .before = "a \"quoted\"\nline\t</script>", .steered = " (", .chosen = "A", .rejected = "B"},
      {.id = -3, .before = "", .steered = "\xD7\xA9", .chosen = "\xE2\x80\xAE", .rejected = std::string("\0", 1)},
      {.id = "seventeen", .before = std::string(1 << 20U, 'x'), .steered = "\\", .chosen = " ", .rejected = "\r\n"}};
  write_prompt_texts(folder_, texts);
  EXPECT_EQ(read_prompt_texts(folder_), texts);
}

TEST_F(PromptTexts, AreALineOfJsonASample) {
  write_prompt_texts(folder_, std::vector<PromptText>{
                                  {.id = 17, .before = "Is it?", .steered = "(", .chosen = "A", .rejected = "B"},
                                  {.id = "x", .before = "Or\nnot?", .steered = "(", .chosen = "B", .rejected = "A"}});
  EXPECT_EQ(
      read_file(folder_.prompts()),
      "{\"sample\":0,\"id\":17,\"before\":\"Is it?\",\"steered\":\"(\",\"chosen\":\"A\",\"rejected\":\"B\"}\n"
      "{\"sample\":1,\"id\":\"x\",\"before\":\"Or\\nnot?\",\"steered\":\"(\",\"chosen\":\"B\",\"rejected\":\"A\"}\n");
}

// The two answers' characters begin with the same byte, which is a token of its own.
TEST_F(PromptTexts, HaveAReplacementCharacterForAPartOfACharacter) {
  const auto text = text_of("\xC3\xA9", "\xC3\xA8");
  EXPECT_EQ(text.steered, "\xC3");
  EXPECT_EQ(text.chosen, "\xA9");
  write_prompt_texts(folder_, std::vector{text});
  const auto read = read_prompt_texts(folder_);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->at(0).before, text.before);
  EXPECT_EQ(read->at(0).steered, "\xEF\xBF\xBD");
  EXPECT_EQ(read->at(0).chosen, "\xEF\xBF\xBD");
  EXPECT_EQ(read->at(0).rejected, "\xEF\xBF\xBD");
}

TEST_F(PromptTexts, OfAFolderWithoutThemAreNotAnError) {
  EXPECT_FALSE(read_prompt_texts(folder_).has_value());
  write_prompt_texts(folder_, {});
  EXPECT_EQ(read_prompt_texts(folder_), std::vector<PromptText>());
}

TEST_F(PromptTexts, ThatAreDamagedAreRefusedByFileAndLine) {
  const std::string whole = R"({"sample": 0, "id": 1, "before": "a", "steered": "b", "chosen": "c", "rejected": "d"})";
  const auto second = [&](const std::string& line) { return refusal(whole + "\n" + line + "\n"); };
  EXPECT_THAT(second("{\"sample\": 1, \"id\""), HasSubstr(folder_.prompts().string() + ":2: is not a JSON object"));
  EXPECT_THAT(second(""), HasSubstr(":2: is not a JSON object"));
  EXPECT_THAT(second("[1]"), HasSubstr(":2: is not a JSON object"));
  EXPECT_THAT(second("{\"before\": \"\xC3\"}"), HasSubstr(":2: is not a JSON object"));
  EXPECT_THAT(second(whole), HasSubstr(":2: \"sample\" is not 1"));
  EXPECT_THAT(second(R"({"sample": 1})"), HasSubstr(":2: \"id\" is neither a whole number nor a text"));
  EXPECT_THAT(second(R"({"sample": 1, "id": 1.5})"), HasSubstr("\"id\""));
  EXPECT_THAT(second(R"({"sample": 1, "id": 18446744073709551615})"), HasSubstr("\"id\""));
  EXPECT_THAT(second(R"({"sample": 1, "id": 1, "before": 3})"), HasSubstr("\"before\" is not a text"));
  EXPECT_THAT(second(R"({"sample": 1, "id": 1, "before": "a", "steered": "b", "chosen": "c"})"),
              HasSubstr("\"rejected\" is not a text; delete the file, 'w2s run' again writes it"));
  EXPECT_THAT(refusal("{}"), HasSubstr(":1: \"sample\" is not 0"));
}

}  // namespace
}  // namespace w2s
