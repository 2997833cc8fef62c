#include "engine/chat_template.h"

#include <gmock/gmock.h>

#include "support/tiny_study.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using engine::ChatTemplate;
using testing::HasSubstr;

const std::vector<ChatMessage> conversation = {{"system", "Be brief."}, {"user", "Hello?"}};

TEST(ChatTemplate, EndsWhereTheAnswerBegins) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  const auto text = tiny.model().chat_prompt(conversation);
  EXPECT_THAT(text, HasSubstr("Be brief."));
  EXPECT_TRUE(text.ends_with("Hello?<|im_end|>\n<|im_start|>assistant\n")) << text;
}

TEST(ChatTemplate, LeavesALastMessageOfTheAssistantOpen) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  auto begun = conversation;
  begun.push_back({"assistant", "The soup was"});
  EXPECT_TRUE(tiny.model().chat_prompt(begun).ends_with("<|im_start|>assistant\nThe soup was"));
}

TEST(ChatTemplate, OfAModelWithoutOneIsTheContentsOneAfterAnother) {
  auto shape = test::tiny_llama();
  shape.with_chat_template = false;
  const test::LoadedTinyModel tiny(shape);
  EXPECT_EQ(tiny.model().chat_prompt(conversation), "Be brief.\n\nHello?");
}

TEST(ChatTemplate, WithoutASystemRoleGetsTheSystemMessageWithTheUsers) {
  const ChatTemplate refuses(
      "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
      "[{{ m.role }}] {{ m.content }} {% endfor %}",
      "", "");
  EXPECT_EQ(refuses.render(conversation), "[user] Be brief.\n\nHello? ");
  const ChatTemplate drops("{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}", "",
                           "");
  EXPECT_EQ(drops.render(conversation), "Be brief.\n\nHello?");
}

TEST(ChatTemplate, ThatKnowsContentOnlyAsPartsGetsParts) {
  const ChatTemplate parts("{% for m in messages %}{% for part in m.content %}{{ part.text }}|{% endfor %}{% endfor %}",
                           "", "");
  EXPECT_EQ(parts.render(conversation), "Be brief.|Hello?|");
}

TEST(ChatTemplate, SeesTheSameDateEveryDay) {
  const ChatTemplate dated("{{ strftime_now('%d %b %Y') }}{% for m in messages %} {{ m.content }}{% endfor %}", "", "");
  EXPECT_EQ(dated.render(conversation), "26 Jul 2024 Be brief. Hello?");
}

TEST(ChatTemplate, ThatFailsOrLosesAMessageIsAnErrorOfTheModel) {
  EXPECT_THROW(ChatTemplate("{% if %}", "", ""), Error);
  const ChatTemplate fails("{{ raise_exception('never') }}", "", "");
  EXPECT_THROW(static_cast<void>(fails.render(conversation)), Error);
  const ChatTemplate loses("nothing of it", "", "");
  EXPECT_THROW(static_cast<void>(loses.render(conversation)), Error);
}

}  // namespace
}  // namespace w2s
