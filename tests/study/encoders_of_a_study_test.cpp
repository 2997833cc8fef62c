// Predictors that see prompts through text encoders, on a sweep whose best layers are known.
#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <span>

#include "base/random.h"
#include "results/prompt_embeddings.h"
#include "study/scripted_encoder.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_study.h"
#include "w2s/base.h"
#include "w2s/results.h"
#include "w2s/study.h"

namespace w2s {
namespace {

using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t samples = 60;
constexpr std::array base = {PromptVariant::base};

std::size_t number_in(const std::string& text) { return std::stoul(text.substr(text.find("Is ") + 3)); }

// Sees which layer is best.
test::ScriptedEncoder telling_encoder() {
  return {"gguf:telling:mean", [](const std::string& text) {
            return number_in(text) % 2 == 0 ? std::vector<float>{1, 0} : std::vector<float>{0, 1};
          }};
}

test::ScriptedEncoder dull_encoder() {
  return {"remote:dull",
          [](const std::string& text) { return std::vector<float>{static_cast<float>(number_in(text) % 7), 1, 2}; }};
}

// Layer 1 steers even samples best, layer 3 odd ones, where `is_swapped` does not say the contrary.
SweepRecord record_of(std::size_t sample, SplitPart part, const SweepStoreHeader& header, bool is_swapped) {
  Random random(sample);
  const std::size_t best = (sample % 2 == 0) != is_swapped ? 0 : 1;
  SweepRecord record{.key = {.sample = sample}, .id = static_cast<std::int64_t>(sample), .part = part};
  const float slope[] = {best == 0 ? 2.0F : 0.5F, best == 1 ? 2.2F : 0.4F};
  PropensityMap map{.layers = 2, .multipliers = 2};
  for (const float s : slope) map.values.insert(map.values.end(), {-s, s});
  record.propensity = {map};
  for (std::size_t i = 0; i < header.encoders.size(); ++i) {
    std::vector<float> noise(header.width);
    for (float& value : noise) value = static_cast<float>(random.normal());
    record.encodings.push_back(noise);
  }
  return record;
}

class EncodersOfAStudy : public testing::Test {
 protected:
  EncodersOfAStudy() {
    options_.grid = {.learning_rates = {1e-2}, .hidden_widths = {8}, .hidden_layers = {1}, .weight_decays = {1e-2}};
    options_.folds = 3;
    options_.seeds = 2;
    options_.max_epochs = 60;
    options_.threads = 1;
    make_sweep("warm", false);
  }

  // `swaps_test_samples`: their best layers are the other way round.
  void make_sweep(const std::string& name, bool swaps_test_samples) {
    const auto own = folder(name);
    std::filesystem::create_directories(own.root);
    behavior_.name = name;
    const SweepStoreHeader header{.behavior = name,
                                  .samples = samples,
                                  .model_layers = 4,
                                  .width = 3,
                                  .methods = {"caa"},
                                  .grid = {.layers = {1, 3}, .multipliers = {-1.0F, 1.0F}},
                                  .encoders = {{0, Pooling::last}, {2, Pooling::mean}},
                                  .settings = {{"data", content_hash(behavior_)}}};
    auto store = SweepStore::open(own.sweep(), header);
    for (std::size_t i = 0; i < samples; ++i) {
      const auto part = part_of(i);
      store.add(record_of(i, part, header, part == SplitPart::test && swaps_test_samples));
    }
  }

  [[nodiscard]] SplitPart part_of(std::size_t sample) const {
    const auto is_among = [&](const std::vector<std::size_t>& part) {
      return std::ranges::find(part, sample) != part.end();
    };
    if (is_among(split_.test)) return SplitPart::test;
    return is_among(split_.validation) ? SplitPart::validation : SplitPart::train;
  }
  [[nodiscard]] BehaviorFolder folder(const std::string& name = "warm") const { return {root_ / name}; }
  void embed(TextEncoder& encoder, const std::string& name = "warm") {
    behavior_.name = name;
    embed_prompts(folder(name), behavior_, split_, base, encoder);
  }
  [[nodiscard]] FitSettings fit(const std::string& encoder) const {
    return {.encoder = parse_encoder_choice(encoder),
            .objectives = {Objective::cross_entropy},
            .top_k = {1, 2},
            .predictor = options_};
  }
  [[nodiscard]] static double steerability(const std::vector<PolicyResult>& results, std::string_view policy) {
    return std::ranges::find(results, policy, &PolicyResult::policy)->steerability;
  }

  test::TemporaryFolder root_;
  Behavior behavior_ = test::questions(samples);
  Split split_ = split_samples(samples, 5);
  PredictorOptions options_;
  EvaluationOptions evaluation_{.bootstrap_draws = 100, .random_draws = 5};
};

TEST_F(EncodersOfAStudy, FitAndEvaluateByTheNameOfAnEmbeddingModel) {
  auto telling = telling_encoder();
  embed(telling);
  const auto fitted = fit_behavior(BehaviorResults(folder()), fit("gguf:/anywhere/telling.gguf"));
  EXPECT_EQ(fitted.at(0).encoder, "gguf:telling:mean");
  EXPECT_THAT(fitted.at(0).notes.at("fit"), AllOf(HasSubstr("encoder gguf:telling:mean"), Not(HasSubstr("anywhere"))));
  EXPECT_FALSE(fitted.at(0).notes.contains("encoder choice"));
  const auto results = evaluate_behavior(BehaviorResults(folder()), evaluation_);
  EXPECT_EQ(steerability(results, "w2s-top1"), steerability(results, "optimum"));
  EXPECT_GT(steerability(results, "w2s-top1"), steerability(results, "fixed"));
}

TEST_F(EncodersOfAStudy, NameThoseThatAreThereWhereOneIsNot) {
  const auto refusal = [&](const std::string& encoder) {
    return message_of(ErrorKind::usage,
                      [&] { static_cast<void>(fit_behavior(BehaviorResults(folder()), fit(encoder))); });
  };
  EXPECT_THAT(refusal("gguf:telling"), AllOf(HasSubstr("not embedded with gguf:telling"), HasSubstr("w2s encoders")));
  auto dull = dull_encoder();
  embed(dull);
  EXPECT_THAT(refusal("gguf:telling"), HasSubstr("but with remote:dull"));
  EXPECT_THAT(refusal("layer1-mean"),
              AllOf(HasSubstr("did not record the encoder layer1-mean"),
                    HasSubstr("it recorded first-last, layer2-mean"), HasSubstr("embedded are remote:dull")));
}

TEST_F(EncodersOfAStudy, AreRefusedWhereAFileMayBePooledInTwoWays) {
  for (const auto* name : {"gguf:telling:mean", "gguf:telling:cls"}) {
    test::ScriptedEncoder encoder(name, [](const std::string&) { return std::vector<float>{1, 2}; });
    embed(encoder);
  }
  EXPECT_THAT(message_of(ErrorKind::usage,
                         [&] { static_cast<void>(fit_behavior(BehaviorResults(folder()), fit("gguf:telling"))); }),
              HasSubstr("ambiguous"));
}

TEST_F(EncodersOfAStudy, ChooseTheOneThatCrossValidationLikesBest) {
  auto dull = dull_encoder();
  embed(dull);
  auto telling = telling_encoder();
  embed(telling);
  const auto fitted = fit_behavior(BehaviorResults(folder()), fit("auto")).at(0);
  EXPECT_EQ(fitted.encoder, "gguf:telling:mean");
  EXPECT_EQ(fitted.by_policy.size(), 2U);
  EXPECT_THAT(fitted.notes.at("encoder choice"),
              AllOf(testing::StartsWith("gguf:telling:mean, by cross-validated steerability"), HasSubstr("first-last "),
                    HasSubstr("layer2-mean "), HasSubstr("remote:dull ")));
  EXPECT_EQ(read_predictors(folder().predictor()).encoder, "gguf:telling:mean");
}

TEST_F(EncodersOfAStudy, AreTheFirstOfEquallyGoodOnes) {
  test::ScriptedEncoder twin("gguf:a-twin:mean", [&](const std::string& text) {
    return telling_encoder().encode(std::array{text}, {}).front();
  });
  embed(twin);
  auto telling = telling_encoder();
  embed(telling);
  EXPECT_EQ(fit_behavior(BehaviorResults(folder()), fit("auto")).at(0).encoder, "gguf:a-twin:mean");
}

TEST_F(EncodersOfAStudy, AreChosenWithoutTheTestSamples) {
  make_sweep("cold", true);
  std::vector<std::string> choices;
  for (const auto* name : {"warm", "cold"}) {
    // In one of them the test samples' embeddings say nothing either.
    test::ScriptedEncoder telling("gguf:telling:mean", [&](const std::string& text) {
      const auto number = number_in(text);
      const bool is_test = std::ranges::find(split_.test, number) != split_.test.end();
      if (is_test && std::string_view(name) == "cold") return std::vector<float>{-3, -3};
      return number % 2 == 0 ? std::vector<float>{1, 0} : std::vector<float>{0, 1};
    });
    embed(telling, name);
    choices.push_back(fit_behavior(BehaviorResults(folder(name)), fit("auto")).at(0).notes.at("encoder choice"));
  }
  EXPECT_EQ(choices[0], choices[1]);
  EXPECT_EQ(read_predictors(folder("warm").predictor()).fixed_layer,
            read_predictors(folder("cold").predictor()).fixed_layer);
}

TEST_F(EncodersOfAStudy, AreChosenAgainOnceThereIsAnother) {
  EXPECT_FALSE(is_fitted(BehaviorResults(folder()), fit("auto")));
  static_cast<void>(fit_behavior(BehaviorResults(folder()), fit("auto")));
  EXPECT_TRUE(is_fitted(BehaviorResults(folder()), fit("auto")));
  EXPECT_FALSE(is_fitted(BehaviorResults(folder()), fit("first-last")));
  auto telling = telling_encoder();
  embed(telling);
  EXPECT_FALSE(is_fitted(BehaviorResults(folder()), fit("auto")));
  static_cast<void>(fit_behavior(BehaviorResults(folder()), fit("gguf:telling.gguf")));
  EXPECT_TRUE(is_fitted(BehaviorResults(folder()), fit("gguf:telling:mean")));
}

TEST_F(EncodersOfAStudy, OfOtherDataThanTheSweepAreRefused) {
  auto telling = telling_encoder();
  behavior_.samples[3].chosen = " (C)";
  embed(telling);
  EXPECT_THAT(message_of(ErrorKind::results,
                         [&] { static_cast<void>(fit_behavior(BehaviorResults(folder()), fit("gguf:telling"))); }),
              HasSubstr("is of other data than the sweep"));
}

TEST_F(EncodersOfAStudy, AreComparedOverBehaviours) {
  make_sweep("cold", false);
  for (const auto* name : {"warm", "cold"}) {
    auto telling = telling_encoder();
    embed(telling, name);
  }
  const auto comparison = compare_encoders(root_.path(), options_);
  std::vector<std::string> names;
  for (const auto& space : comparison.spaces) names.push_back(space.encoder);
  EXPECT_THAT(names, ElementsAre("first-last", "layer2-mean", "gguf:telling:mean"));
  ASSERT_EQ(comparison.scores.size(), 6U);
  for (const auto& score : comparison.scores) {
    if (score.encoder != "gguf:telling:mean") {
      EXPECT_LT(score.test_accuracy, 0.9) << "noise tells nothing";
      continue;
    }
    EXPECT_EQ(score.cv_accuracy, 1);
    EXPECT_EQ(score.test_accuracy, 1);
    EXPECT_NEAR(score.cv_steerability, 2.1, 0.1);
    static_cast<void>(fit_behavior(BehaviorResults(folder(score.behavior)), fit(score.encoder)));
    EXPECT_EQ(score.test_steerability,
              steerability(evaluate_behavior(BehaviorResults(folder(score.behavior)), evaluation_), "w2s-top1"))
        << "the number of the study's own table";
  }
  const auto& telling = comparison.spaces.back();
  EXPECT_EQ(telling.width, 2U);
  ASSERT_EQ(telling.points.size(), 2 * samples);
  EXPECT_NEAR(telling.silhouette.value(), 0, 0.05) << "both behaviours have the same prompts";
}

TEST_F(EncodersOfAStudy, AreAsFarApartAsTheirBehavioursInTheSilhouette) {
  make_sweep("cold", false);
  for (const auto* name : {"warm", "cold"}) {
    const float side = std::string_view(name) == "warm" ? 5.0F : -5.0F;
    test::ScriptedEncoder sided("remote:sided", [&](const std::string& text) {
      return std::vector<float>{side, static_cast<float>(number_in(text)) / samples};
    });
    embed(sided, name);
  }
  const auto comparison = compare_encoders(root_.path(), options_);
  EXPECT_GT(comparison.spaces.back().silhouette.value(), 0.9);
  const auto again = compare_encoders(root_.path(), options_);
  EXPECT_EQ(encoder_comparison_to_json(again), encoder_comparison_to_json(comparison));
}

TEST_F(EncodersOfAStudy, OfOneBehaviourHaveNoSilhouette) {
  const auto comparison = compare_encoders(root_.path(), options_);
  EXPECT_FALSE(comparison.spaces.front().silhouette.has_value());
  const auto text = encoder_comparison_to_json(comparison);
  EXPECT_EQ(encoder_comparison_to_json(encoder_comparison_from_json(text)), text);
  EXPECT_THAT(message_of(ErrorKind::results, [] { static_cast<void>(encoder_comparison_from_json("{}")); }),
              HasSubstr("no comparison of encoders"));
}

}  // namespace
}  // namespace w2s
