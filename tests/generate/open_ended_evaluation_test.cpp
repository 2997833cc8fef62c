#include "w2s/generation.h"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>
#include <set>
#include <stdexcept>

#include "generate/generations.h"
#include "support/error_of.h"
#include "support/study_settings.h"
#include "w2s/base.h"
#include "w2s/study.h"

namespace w2s {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::size_t max_tokens = 6;
constexpr double noise_floor = 1e-4;

// A finished study, made once.
class OpenEnded : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = std::make_unique<test::TemporaryFolder>();
    test::write_tiny_model(*folder / "model.gguf", test::tiny_llama());
    write_file(*folder / "warm.jsonl", test::preference_pairs(30));
    write_file(*folder / "warm.toml", "positive = \"You find all warm.\"\nnegative = \"You find nothing warm.\"\n");
    auto study = test::tiny_study(*folder / "model.gguf", *folder / "warm.jsonl");
    study.fit.encoder = parse_encoder_choice("first-last");
    static_cast<void>(run_study(study, *folder / "results"));
    outcome = evaluate(settings());
  }
  static void TearDownTestSuite() { folder.reset(); }

  static OpenEndedSettings settings() {
    OpenEndedSettings settings;
    settings.model = *folder / "model.gguf";
    settings.data = {(*folder / "warm.jsonl").string()};
    settings.scales = {2, -1, 0, 2};
    settings.limit = 3;
    settings.max_tokens = max_tokens;
    settings.threads = 1;
    return settings;
  }
  static OpenEndedOutcome evaluate(const OpenEndedSettings& asked) {
    return evaluate_open_ended(*folder / "results", asked);
  }
  static std::string refusal(ErrorKind kind, const OpenEndedSettings& asked) {
    return test::message_of(kind, [&] { static_cast<void>(evaluate(asked)); });
  }
  static const OpenEndedAnswer& find(std::size_t prompt, SteeredAt where, float scale) {
    for (const auto& answer : outcome.answers)
      if (answer.prompt == prompt && answer.steered_at == where && answer.scale == scale) return answer;
    throw std::out_of_range("no such answer");
  }

  static std::unique_ptr<test::TemporaryFolder> folder;
  static OpenEndedOutcome outcome;
};

std::unique_ptr<test::TemporaryFolder> OpenEnded::folder;
OpenEndedOutcome OpenEnded::outcome;

// Logits of the next token after a sequence that is decoded by itself.
std::vector<float> logits_after(Decoder& decoder, const std::vector<Token>& sequence) {
  Batch batch;
  for (std::size_t i = 0; i < sequence.size(); ++i)
    batch.rows.push_back({.token = sequence[i], .position = static_cast<std::int32_t>(i)});
  batch.rows.back().wants_logits = true;
  decoder.clear();
  return decoder.decode(batch).logits;
}

TEST(MeanLogProbability, IsThatOfEachTokenAfterThoseBeforeIt) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), {.context = 256, .sequences = 2, .threads = 1});
  const std::vector<Token> prompt = {258, 72, 105};
  const std::vector<Token> answer = {33, 32, 79, 257};
  double sum = 0;
  auto sequence = prompt;
  for (const Token token : answer) {
    double exponentials = 0;
    const auto logits = logits_after(decoder, sequence);
    for (const float logit : logits) exponentials += std::exp(static_cast<double>(logit));
    sum += static_cast<double>(logits[static_cast<std::size_t>(token)]) - std::log(exponentials);
    sequence.push_back(token);
  }
  EXPECT_NEAR(mean_log_probability(decoder, prompt, answer), sum / 4, noise_floor);
  EXPECT_LT(sum / 4, -1) << "nothing that a random model is sure of";
}

TEST_F(OpenEnded, AnswersUnsteeredAndSteeredAtBothLayersByEachScale) {
  ASSERT_THAT(outcome.answers, SizeIs(3 * 5));
  const auto model = Model::load(*folder / "model.gguf");
  Decoder decoder(model, {.context = 1024, .sequences = 2, .threads = 1});
  const auto behavior = read_behaviors((*folder / "warm.jsonl").string()).front();
  const BehaviorFolder own{*folder / "results" / "warm"};
  const auto source = read_vector_source(own.vectors());
  const auto predictors = read_predictors(own.predictor());
  const auto& predictor = predictors.by_policy.at(predictors.default_policy).by_seed.front();

  std::size_t index = 0;
  std::set<std::string> texts;
  for (const auto& record : SweepStore::read(own.sweep()).records()) {
    if (record.part != SplitPart::test || index == 3) continue;
    const auto& sample = behavior.samples[record.key.sample];
    const auto prompt = model.tokenize(model.chat_prompt(conversation(behavior, sample, PromptVariant::base)));
    Batch batch;
    for (std::size_t i = 0; i < prompt.size(); ++i)
      batch.rows.push_back({.token = prompt[i], .position = static_cast<std::int32_t>(i)});
    batch.captures = {{.row = prompt.size() - 1, .layer = 0}};
    batch.rows.back().wants_logits = true;
    decoder.clear();
    const std::size_t predicted = predictor.layer(decoder.decode(batch).captured);

    const auto unsteered = test::reference_answer(decoder, prompt, {}, max_tokens);
    const double usual = mean_log_probability(decoder, prompt, unsteered);
    for (const auto where : {SteeredAt::fixed_layer, SteeredAt::predicted_layer}) {
      const std::size_t layer = where == SteeredAt::fixed_layer ? predictors.fixed_layer : predicted;
      for (const float scale : {-1.0F, 2.0F}) {
        const auto vector = source->vector(layer, {});
        const Steering steering{.layer = layer, .scale = scale, .direction = vector};
        const auto expected = test::reference_answer(decoder, prompt, {steering}, max_tokens);
        const auto& answer = find(index, where, scale);
        EXPECT_EQ(answer.layer, layer);
        EXPECT_EQ(answer.tokens, expected.size());
        const double likely = mean_log_probability(decoder, prompt, expected);
        EXPECT_NEAR(answer.log_probability, likely, noise_floor);
        EXPECT_NEAR(answer.fluency_change, likely - usual, noise_floor);
        texts.insert(answer.text);
      }
    }
    EXPECT_NEAR(find(index, SteeredAt::nowhere, 0).log_probability, usual, noise_floor);
    EXPECT_EQ(find(index, SteeredAt::nowhere, 0).fluency_change, 0);
    ++index;
  }
  EXPECT_EQ(index, 3U);
  EXPECT_GT(texts.size(), 1U) << "steering changes nothing here";
}

TEST_F(OpenEnded, MeasuresTheLogitDifferenceOfTheSampleSteeredAlike) {
  const auto records = SweepStore::read(*folder / "results" / "warm" / "sweep.sqlite").records();
  std::size_t index = 0;
  for (const auto& record : records) {
    if (record.part != SplitPart::test || index == 3) continue;
    // The sweep's multipliers are -1.5, -1, ... and it has all layers.
    const auto& answer = find(index, SteeredAt::fixed_layer, -1);
    ASSERT_TRUE(answer.propensity.has_value());
    EXPECT_NEAR(*answer.propensity, static_cast<double>(record.propensity[0].layer(*answer.layer)[1]), noise_floor);
    EXPECT_NEAR(*find(index, SteeredAt::nowhere, 0).propensity, static_cast<double>(record.propensity[0].layer(0)[3]),
                noise_floor);
    ++index;
  }
}

TEST_F(OpenEnded, ResultsAreMeansOverPrompts) {
  std::vector<std::pair<SteeredAt, float>> rows;
  for (const auto& row : outcome.results) {
    rows.emplace_back(row.steered_at, row.scale);
    EXPECT_EQ(row.prompts, 3U);
    EXPECT_FALSE(row.rating.has_value());
    double fluency = 0;
    double propensity = 0;
    for (std::size_t prompt = 0; prompt < 3; ++prompt) {
      const auto& answer = find(prompt, row.steered_at, row.scale);
      fluency += answer.fluency_change / 3;
      propensity += *answer.propensity / 3;
    }
    EXPECT_NEAR(row.fluency_change, fluency, 1e-12);
    EXPECT_NEAR(*row.propensity, propensity, 1e-12);
  }
  using testing::Pair;
  EXPECT_THAT(
      rows, ElementsAre(Pair(SteeredAt::nowhere, 0), Pair(SteeredAt::fixed_layer, -1), Pair(SteeredAt::fixed_layer, 2),
                        Pair(SteeredAt::predicted_layer, -1), Pair(SteeredAt::predicted_layer, 2)));
  EXPECT_EQ(outcome.unrated, 0U);
}

TEST_F(OpenEnded, CountsWhatTheJudgeGivesNoRatingOf) {
  auto judged = settings();
  std::size_t asked = 0;
  judged.judge = [&](const std::string& behavior, const std::string& prompt, const std::string& answer, const Job&) {
    EXPECT_EQ(behavior, "You find all warm.");
    EXPECT_THAT(prompt, HasSubstr("Choices"));
    EXPECT_EQ(answer, outcome.answers[asked].text);
    // Five answers a prompt; of the first prompt's unsteered one there is no rating.
    const auto rating = asked == 0 ? std::nullopt : std::optional<double>(asked < 5 ? 2 : 8);
    ++asked;
    return rating;
  };
  const auto rated = evaluate(judged);
  EXPECT_EQ(asked, 15U);
  EXPECT_EQ(rated.unrated, 1U);
  EXPECT_EQ(rated.results[0].rated, 2U);
  EXPECT_EQ(rated.results[0].rating, 8);
  EXPECT_EQ(rated.results[1].rated, 3U);
  EXPECT_EQ(rated.results[1].rating, 6);
}

TEST_F(OpenEnded, AnswersOtherPromptsWithoutALogitDifference) {
  auto other = settings();
  other.data.clear();
  other.prompts = {{{"user", "Tell me of the sea."}}};
  std::string behavior_seen;
  other.judge = [&](const std::string& behavior, const std::string&, const std::string&, const Job&) {
    behavior_seen = behavior;
    return std::optional<double>(1);
  };
  const auto answered = evaluate(other);
  ASSERT_THAT(answered.answers, SizeIs(5));
  EXPECT_EQ(answered.answers[0].question, "Tell me of the sea.");
  for (const auto& row : answered.results) EXPECT_FALSE(row.propensity.has_value());
  EXPECT_EQ(behavior_seen, "warm") << "there is no description";
}

TEST_F(OpenEnded, RefusesWhatItCannotDo) {
  auto wrong = settings();
  wrong.data.clear();
  EXPECT_THAT(refusal(ErrorKind::usage, wrong), HasSubstr("prompts"));
  wrong = settings();
  wrong.max_tokens = 0;
  EXPECT_THAT(refusal(ErrorKind::usage, wrong), HasSubstr("0 tokens"));
  wrong = settings();
  wrong.scales = {NAN};
  EXPECT_THAT(refusal(ErrorKind::usage, wrong), HasSubstr("finite"));
  wrong = settings();
  wrong.model = *folder / "other.gguf";
  auto shape = test::tiny_llama();
  shape.seed += 1;
  test::write_tiny_model(wrong.model, shape);
  EXPECT_THAT(refusal(ErrorKind::results, wrong), HasSubstr("another model"));
}

}  // namespace
}  // namespace w2s
