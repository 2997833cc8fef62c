// w2s generate and what it shares with w2s chat.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "cli/commands/commands.h"
#include "cli/options/generation_options.h"
#include "cli/print/side_by_side.h"
#include "cli/recording_console.h"
#include "generate/generations.h"
#include "support/error_of.h"
#include "w2s/base.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class GenerateCommand : public testing::Test {
 protected:
  // A behaviour whose predictor sees the first layer, and a file of vectors.
  void SetUp() override {
    const BehaviorFolder folder{folder_ / "warm"};
    std::filesystem::create_directories(folder.root);
    write_vector_source(folder.vectors(), test::some_vectors(model().info(), 1));
    PredictorFile file;
    file.encoder = "first-last";
    file.behavior = "warm";
    file.model_architecture = model().info().architecture;
    file.model_layers = model().info().layers;
    auto& fitted = file.by_policy[file.default_policy];
    fitted.policy = file.default_policy;
    fitted.by_seed = {test::some_predictor(model().info(), 1)};
    write_predictors(folder.predictor(), file);
    write_vector_source(folder_ / "open.gguf", test::some_vectors(model().info(), 2));
  }

  [[nodiscard]] const Model& model() const { return tiny_.model(); }
  [[nodiscard]] std::string warm() const { return "warm=" + (folder_ / "warm").string(); }
  [[nodiscard]] std::string open() const { return "open=" + (folder_ / "open.gguf").string(); }

  [[nodiscard]] test::RecordingConsole run(Arguments arguments) const {
    test::RecordingConsole console;
    const Arguments common = {"-m", tiny_.path().string(), "-t", "1", "-n", "8"};
    arguments.insert(arguments.begin(), common.begin(), common.end());
    if (std::ranges::find(arguments, "--temp") == arguments.end()) arguments.insert(arguments.end(), {"--temp", "0"});
    generate_command(arguments, console.console());
    return console;
  }
  [[nodiscard]] nlohmann::json run_json(Arguments arguments) const {
    arguments.insert(arguments.end(), {"--format", "json"});
    return nlohmann::json::parse(run(std::move(arguments)).out);
  }
  [[nodiscard]] std::string refusal(const Arguments& arguments, ErrorKind kind = ErrorKind::usage) const {
    return test::message_of(kind, [&] { static_cast<void>(run(arguments)); });
  }
  [[nodiscard]] std::vector<Token> prompt(const std::string& text) const {
    return model().tokenize(model().chat_prompt(std::vector<ChatMessage>{{"user", text}}));
  }
  [[nodiscard]] std::vector<Token> reference(const std::string& text, const std::vector<Steering>& steerings) const {
    Decoder decoder(model(), {.context = 512, .sequences = 2, .threads = 1});
    return test::reference_answer(decoder, prompt(text), steerings, 8);
  }
  [[nodiscard]] Steering steering(std::uint64_t vectors, std::size_t layer, float scale) {
    const auto& source = sources_.try_emplace(vectors, test::some_vectors(model().info(), vectors)).first->second;
    return {.layer = layer, .scale = scale, .direction = source.direction(layer)};
  }

  test::LoadedTinyModel tiny_{test::tiny_llama()};
  test::TemporaryFolder folder_;
  std::map<std::uint64_t, ConstantSource> sources_;
};

TEST_F(GenerateCommand, AnswersUnsteered) {
  const auto json = run_json({"-p", "Tell me"});
  EXPECT_EQ(json["tokens"].get<std::vector<Token>>(), reference("Tell me", {}));
  EXPECT_EQ(json["prompt_tokens"], prompt("Tell me").size());
  EXPECT_THAT(json["steering"]["applied"], IsEmpty());
}

TEST_F(GenerateCommand, SteersAtTheLayerThatIsNamed) {
  const auto json = run_json({"-p", "Tell me", "--steer", open(), "--layer", "2", "--scale", "-3"});
  EXPECT_EQ(json["tokens"].get<std::vector<Token>>(), reference("Tell me", {steering(2, 2, -3)}));
  const auto& applied = json["steering"]["applied"];
  ASSERT_THAT(applied, SizeIs(1));
  EXPECT_EQ(applied[0]["name"], "open");
  EXPECT_EQ(applied[0]["layer"], 2);
  EXPECT_EQ(applied[0]["scale"], -3);
  EXPECT_TRUE(applied[0]["confidence"].is_null());
}

TEST_F(GenerateCommand, SteersAtTheLayerThatThePredictorChoosesAndSaysHowSureItWas) {
  const Arguments arguments = {"-p", "Tell me", "--steer", warm(), "--scale", "3"};
  const auto json = run_json(arguments);
  const auto applied = json["steering"]["applied"][0];
  const auto layer = applied["layer"].get<std::size_t>();
  EXPECT_EQ(json["tokens"].get<std::vector<Token>>(), reference("Tell me", {steering(1, layer, 3)}));
  const auto confidence = applied["confidence"].get<double>();
  EXPECT_GT(confidence, 1.0 / 4);
  const auto said = run(arguments);
  EXPECT_EQ(said.out, json["text"].get<std::string>() + "\n");
  EXPECT_EQ(said.err,
            fmt::format("warm: layer {}, of which the predictor is {:.0f}% sure; scale 3\n", layer, 100 * confidence));
  auto quiet = arguments;
  quiet.emplace_back("--quiet");
  EXPECT_THAT(run(quiet).err, IsEmpty());
}

TEST_F(GenerateCommand, PairsScalesAndLayersWithWhatSteersInOrder) {
  const auto json = run_json({"-p", "Tell me", "--steer", warm(), "--steer", open(), "--scale", "2", "--scale", "-4",
                              "--layer", "1", "--layer", "0,3"});
  EXPECT_EQ(json["tokens"].get<std::vector<Token>>(),
            reference("Tell me", {steering(1, 1, 2), steering(2, 0, -2), steering(2, 3, -2)}));
  const auto same =
      run_json({"-p", "Tell me", "--steer", warm(), "--steer", open(), "--scale", "2,-4", "--layer", "1"});
  EXPECT_EQ(same["tokens"].get<std::vector<Token>>(), reference("Tell me", {steering(1, 1, 2), steering(2, 1, -4)}));
}

TEST_F(GenerateCommand, ComparesWithTheUnsteeredAnswer) {
  const Arguments arguments = {"-p", "Tell me", "--steer", open(), "--layer", "1", "--scale", "4", "--compare"};
  const auto json = run_json(arguments);
  EXPECT_EQ(json["tokens"].get<std::vector<Token>>(), reference("Tell me", {steering(2, 1, 4)}));
  EXPECT_EQ(json["unsteered"]["tokens"].get<std::vector<Token>>(), reference("Tell me", {}));
  const auto said = run(arguments);
  EXPECT_EQ(said.out, side_by_side({"steered", json["text"].get<std::string>()},
                                   {"unsteered", json["unsteered"]["text"].get<std::string>()}, 80));
}

TEST_F(GenerateCommand, StopsInFrontOfATextAndReadsPromptsFromAFile) {
  write_file(folder_ / "prompt.txt", "Tell me");
  Arguments arguments = {"-f", (folder_ / "prompt.txt").string()};
  for (Token letter = 'a'; letter <= 'z'; ++letter)
    arguments.insert(arguments.end(), {"--logit-bias", std::to_string(letter) + "+1000"});
  const auto whole = run_json(arguments)["text"].get<std::string>();
  ASSERT_THAT(whole, SizeIs(8));
  const auto stop = whole.substr(3, 2);
  arguments.insert(arguments.end(), {"-r", stop});
  const auto stopped = run_json(arguments);
  EXPECT_EQ(stopped["text"], whole.substr(0, whole.find(stop)));
  EXPECT_EQ(stopped["finish_reason"], "stop");
}

TEST_F(GenerateCommand, DrawsByItsSeed) {
  const auto drawn = [&](const std::string& seed) {
    return run_json({"-p", "Tell me", "--temp", "2", "--top-k", "0", "--seed", seed})["tokens"];
  };
  EXPECT_EQ(drawn("1"), drawn("1"));
  EXPECT_NE(drawn("1"), drawn("2"));
}

TEST_F(GenerateCommand, RefusesWhatDoesNotFitTogether) {
  EXPECT_THAT(refusal({}), HasSubstr("name a prompt"));
  EXPECT_THAT(refusal({"-p", "x", "-f", "y"}), HasSubstr("one of --prompt and --file"));
  EXPECT_THAT(refusal({"-p", "x", "--compare"}), HasSubstr("--steer"));
  EXPECT_THAT(refusal({"-p", "x", "--scale", "2"}), HasSubstr("--steer"));
  EXPECT_THAT(refusal({"-p", "x", "--steer", "warm"}), HasSubstr("NAME=PATH"));
  EXPECT_THAT(refusal({"-p", "x", "--steer", warm(), "--scale", "1,2"}), HasSubstr("1 --steer and 2 --scale"));
  EXPECT_THAT(refusal({"-p", "x", "--steer", warm(), "--layer", "1", "--layer", "2"}), HasSubstr("2 --layer"));
  EXPECT_THAT(refusal({"-p", "x", "--steer", warm(), "--scale", "strong"}), HasSubstr("'strong' is no number"));
  EXPECT_THAT(refusal({"-p", "x", "--steer", warm(), "--layer", "early"}), HasSubstr("'early' names no layers"));
  EXPECT_THAT(refusal({"-p", "x", "--steer", warm(), "--layer", "4"}), HasSubstr("the model has 4"));
  EXPECT_THAT(refusal({"-p", "x", "--steer", open()}), HasSubstr("name the layer"));
  EXPECT_THAT(refusal({"-p", "x", "--steer", warm(), "--steer", warm()}), HasSubstr("two steerings"));
  EXPECT_THAT(refusal({"-p", "x", "--logit-bias", "12"}), HasSubstr("TOKEN+BIAS"));
  EXPECT_THAT(refusal({"-p", "x", "--seed", "4294967296"}), HasSubstr("4294967295"));
  EXPECT_THAT(refusal({"-p", "x", "--top-p", "1.5"}), HasSubstr("top_p"));
  EXPECT_THAT(refusal({"-p", std::string(600, 'x'), "-c", "512"}), HasSubstr("the context 512"));
}

TEST(SideBySide, BreaksLinesBetweenWords) {
  EXPECT_THAT(wrap("one two three", 8), ElementsAre("one two", "three"));
  EXPECT_THAT(wrap("a\n\nb", 8), ElementsAre("a", "", "b"));
  EXPECT_THAT(wrap("abcdefgh", 3), ElementsAre("abc", "def", "gh"));
  EXPECT_THAT(wrap("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 3), ElementsAre("\xC3\xA9\xC3\xA9\xC3\xA9", "\xC3\xA9"));
  EXPECT_THAT(wrap("", 8), ElementsAre(""));
}

TEST(SideBySide, KeepsTheColumnsApart) {
  EXPECT_EQ(side_by_side({"left", "one two three four"}, {"right", "\xC3\xA9t\xC3\xA9"}, 25),
            "left        | right\n"
            "one two     | \xC3\xA9t\xC3\xA9\n"
            "three four  |\n");
}

}  // namespace
}  // namespace w2s::cli
