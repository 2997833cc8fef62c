#include "cli/commands/chat.h"

#include <gmock/gmock.h>

#include <sstream>

#include "cli/recording_console.h"
#include "generate/generations.h"

namespace w2s::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ChatTest : public testing::Test {
 protected:
  struct Conversation {
    std::string out;
    std::string err;
    std::vector<ChatMessage> messages;
  };

  [[nodiscard]] GenerationEngine engine() const {
    return GenerationEngine(Decoder(model(), test::roomy),
                            {test::with_predictor(test::some_steering("warm", model(), 1), model(), {0, Pooling::last}),
                             test::some_steering("open", model(), 2)});
  }
  [[nodiscard]] const Model& model() const { return tiny_.model(); }
  [[nodiscard]] static ChatSettings settings() {
    return {.system = "Be brief.",
            .steering = {{.name = "warm", .scale = 2}, {.name = "open", .scale = 1, .layer = {.layers = {1}}}},
            .sampling = {.temperature = 0},
            .max_tokens = 6};
  }

  [[nodiscard]] Conversation converse(const std::string& typed, const ChatSettings& how = settings(),
                                      bool is_interrupted = false) const {
    auto own = engine();
    test::RecordingConsole console;
    Chat chat(own, how, console.console());
    std::istringstream input(typed);
    chat.converse(input, [&](const auto& answer) {
      const std::stop_source source;
      if (is_interrupted) source.request_stop();
      answer(source.get_token());
    });
    return {.out = console.out, .err = console.err, .messages = chat.messages()};
  }

  /// What the engine says to a conversation, each in an engine of its own.
  [[nodiscard]] std::string answer(const std::vector<ChatMessage>& messages,
                                   const std::vector<SteeringRequest>& steering) const {
    auto own = engine();
    return test::generate(own, {.prompt = model().tokenize(model().chat_prompt(messages)),
                                .steering = steering,
                                .sampling = {.temperature = 0},
                                .max_tokens = 6})
        .text;
  }

  test::LoadedTinyModel tiny_{test::tiny_llama()};
};

TEST_F(ChatTest, AnswersWithWhatWasSaidBefore) {
  const auto said = converse("Hello\n\n  And now? \n");
  ASSERT_THAT(said.messages, SizeIs(5));
  std::vector<ChatMessage> messages = {{"system", "Be brief."}, {"user", "Hello"}};
  const auto first = answer(messages, settings().steering);
  messages.push_back({"assistant", first});
  messages.push_back({"user", "And now?"});
  const auto second = answer(messages, settings().steering);
  messages.push_back({"assistant", second});
  EXPECT_EQ(said.messages, messages);
  EXPECT_EQ(said.out, first + "\n" + second + "\n");
  EXPECT_THAT(said.err, HasSubstr("of which the predictor is"));
  EXPECT_THAT(said.err, HasSubstr("open: layer 1; scale 1\n"));
}

TEST_F(ChatTest, ChangesScalesAndLayersOnTheWay) {
  const std::vector<ChatMessage> messages = {{"system", "Be brief."}, {"user", "Hello"}};
  EXPECT_EQ(converse("/scale -3\n/layer 2\nHello").out,
            answer(messages, {{.name = "warm", .scale = -3, .layer = {.layers = {2}}},
                              {.name = "open", .scale = -3, .layer = {.layers = {2}}}}) +
                "\n");
  EXPECT_EQ(converse("/scale open 4\n/layer warm 0,3\nHello").out,
            answer(messages, {{.name = "warm", .scale = 2, .layer = {.layers = {0, 3}}},
                              {.name = "open", .scale = 4, .layer = {.layers = {1}}}}) +
                "\n");
}

TEST_F(ChatTest, ShowsUnsteeredAnswersBesideSteeredOnes) {
  const std::vector<ChatMessage> messages = {{"system", "Be brief."}, {"user", "Hello"}};
  const auto said = converse("/compare\nHello");
  EXPECT_THAT(said.out, HasSubstr("| unsteered\n"));
  EXPECT_EQ(said.messages.back().content, answer(messages, settings().steering)) << "the steered answer goes on";
  EXPECT_THAT(converse("/compare\n/compare\nHello").out, Not(HasSubstr("unsteered")));
}

TEST_F(ChatTest, ForgetsWhatWasSaid) {
  const auto said = converse("Hello\n/reset\nHello");
  EXPECT_THAT(said.messages, SizeIs(3));
  const auto once = said.out.substr(0, said.out.size() / 2);
  EXPECT_EQ(said.out, once + once);
  EXPECT_THAT(converse("Hello\n/reset").messages, ElementsAre(ChatMessage{"system", "Be brief."}));
}

TEST_F(ChatTest, EndsWhenAskedTo) {
  EXPECT_THAT(converse("/quit\nHello").out, IsEmpty());
  EXPECT_THAT(converse("/help").err, HasSubstr("/scale [NAME] X"));
}

TEST_F(ChatTest, GoesOnAfterWhatItCannotDo) {
  const auto said =
      converse("/nonsense\n/scale\n/scale much\n/scale nobody 2\n/layer x\n/layer open auto\nHello\n/layer 1\nHi");
  for (const char* message : {"'/nonsense' is no command", "scale '' is no number", "scale 'much' is no number",
                              "there is no steering 'nobody'", "'x' names no layers", "'open' has no layer predictor"})
    EXPECT_THAT(said.err, HasSubstr(message));
  ASSERT_THAT(said.messages, SizeIs(3));
  EXPECT_EQ(said.messages[1].content, "Hi") << "what could not be answered was not said";
  EXPECT_THAT(converse(std::string(3000, 'x') + "\nHi").err, HasSubstr("the context 2048"));
  auto unsteered = settings();
  unsteered.steering.clear();
  EXPECT_THAT(converse("/scale 2", unsteered).err, HasSubstr("nothing steers"));
}

TEST_F(ChatTest, StopsAnAnswerAndKeepsWhatWasSaidOfIt) {
  auto long_answers = settings();
  long_answers.max_tokens = 400;
  const auto said = converse("Hello\nAgain", long_answers, true);
  ASSERT_THAT(said.messages, SizeIs(5));
  EXPECT_EQ(said.out, said.messages[2].content + "\n" + said.messages[4].content + "\n");
  EXPECT_LT(said.messages[2].content.size(), 20U);
}

TEST_F(ChatTest, SaysNothingButAnswersWhenQuiet) {
  auto quiet = settings();
  quiet.quiet = true;
  EXPECT_THAT(converse("Hello", quiet).err, IsEmpty());
}

}  // namespace
}  // namespace w2s::cli
