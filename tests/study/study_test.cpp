#include "w2s/study.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>

#include "results/settings_file.h"
#include "support/study_settings.h"
#include "support/tiny_study.h"
#include "w2s/base.h"
#include "w2s/model.h"
#include "w2s/results.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Study : public testing::Test {
 protected:
  Study() {
    test::write_tiny_model(folder / "model.gguf", test::tiny_llama());
    write_file(folder / "warm.jsonl", test::preference_pairs(30));
    settings = test::tiny_study(folder / "model.gguf", folder / "warm.jsonl");
    settings.fit.encoder = parse_encoder_choice("first-mean");
    settings.fit.top_k = {1, 2};
    settings.fit.predictor.seeds = 2;
    settings.evaluation.bootstrap_draws = 200;
  }

  void describe_warm() const {
    write_file(folder / "warm.toml",
               "positive = \"You find everything warm.\"\nnegative = \"You find nothing warm.\"\n");
  }

  [[nodiscard]] static std::string results(const fs::path& where) { return read_file(where / "results.json"); }

  [[nodiscard]] static std::vector<std::string> stages_of(const BehaviorFolder& behavior) {
    std::vector<std::string> stages;
    for (const auto& [stage, seconds] : read_stage_times(behavior)) {
      stages.push_back(stage);
      EXPECT_GE(seconds, 0) << stage;
    }
    return stages;
  }

  [[nodiscard]] static std::string refusal(const StudySettings& other, const fs::path& where) {
    try {
      static_cast<void>(run_study(other, where));
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }

  // Runs a study in processes that kill themselves after a few steps of progress, `stride` more each time, so that
  // every stage is hit.
  [[nodiscard]] static std::size_t kills_until_done(const StudySettings& study, const fs::path& where,
                                                    std::size_t stride) {
    for (std::size_t kills = 0; kills < 200; ++kills) {
      const pid_t child = fork();
      if (child == 0) {
        std::size_t left = stride * (kills + 1);
        Job job;
        job.on_progress = [&](const Progress&) {
          if (left-- == 0) std::raise(SIGKILL);
        };
        static_cast<void>(run_study(study, where, job));
        _exit(0);
      }
      int status = 0;
      if (waitpid(child, &status, 0) != child) break;
      if (WIFEXITED(status)) return kills;
    }
    ADD_FAILURE() << "never done";
    return 0;
  }

  test::TemporaryFolder folder;
  StudySettings settings;
};

TEST_F(Study, LeavesAFolderWithEverythingInIt) {
  const auto where = folder / "out";
  const auto outcome = run_study(settings, where);
  for (const char* file : {"settings.json", "results.json", "warm/vectors.gguf", "warm/sweep.sqlite",
                           "warm/predictor.gguf", "warm/prompts.jsonl", "warm/times.json"})
    EXPECT_TRUE(fs::exists(where / file)) << file;
  EXPECT_EQ(results_from_json(results(where)).size(), outcome.results.size());
  std::vector<std::string> policies;
  for (const auto& result : outcome.results) {
    policies.push_back(result.policy);
    EXPECT_EQ(result.samples, 15U);
    EXPECT_EQ(result.behavior, "warm");
  }
  EXPECT_THAT(policies,
              testing::UnorderedElementsAre("fixed", "majority", "random", "w2s-top1", "w2s-top2", "optimum"));
  ASSERT_TRUE(outcome.example.has_value());
  ASSERT_EQ(outcome.example->answers.size(), 3U);
  EXPECT_NE(outcome.example->answers.front().second, outcome.example->answers.back().second);
  ASSERT_EQ(outcome.noise.size(), 1U);
  EXPECT_LT(outcome.noise[0].second.propensity, 1e-4);
}

TEST_F(Study, GivesTheSameResultsTwice) {
  static_cast<void>(run_study(settings, folder / "one"));
  auto again = settings;
  again.threads = 2;
  static_cast<void>(run_study(again, folder / "two"));
  EXPECT_EQ(results(folder / "one"), results(folder / "two"));
}

TEST_F(Study, GivesTheSameResultsWhetherPromptsAreKeptForTheSweepOrReadAgain) {
  settings.methods = {"caa", "oracle"};
  static_cast<void>(run_study(settings, folder / "kept"));
  settings.prompt_cache_bytes = 0;
  static_cast<void>(run_study(settings, folder / "again"));
  EXPECT_EQ(results(folder / "kept"), results(folder / "again"));
}

TEST_F(Study, KeepsTheTextsOfItsPromptsInTheOrderOfTheSweep) {
  static_cast<void>(run_study(settings, folder / "out"));
  const auto behavior = behavior_folders(folder / "out").at(0);
  const auto texts = read_prompt_texts(behavior);
  const auto records = SweepStore::read(behavior.sweep()).records();
  ASSERT_TRUE(texts.has_value());
  ASSERT_EQ(texts->size(), 30U);
  ASSERT_EQ(records.size(), 30U);
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(texts->at(i).id, records[i].id);
    EXPECT_THAT(texts->at(i).before, HasSubstr("Is " + to_string(records[i].id) + " "));
    EXPECT_EQ(texts->at(i).chosen, i % 2 == 0 ? "A" : "B");
  }
}

TEST_F(Study, GivesAFolderOfAnOlderVersionItsTextsAndLeavesTheRest) {
  static_cast<void>(run_study(settings, folder / "out"));
  const auto behavior = behavior_folders(folder / "out").at(0);
  const auto texts = read_file(behavior.prompts());
  const auto before = results(folder / "out");
  fs::remove(behavior.prompts());
  fs::remove(behavior.times());
  static_cast<void>(run_study(settings, folder / "out"));
  EXPECT_EQ(read_file(behavior.prompts()), texts);
  EXPECT_EQ(results(folder / "out"), before);
  EXPECT_FALSE(fs::exists(behavior.times())) << "there was nothing left to do that takes time";
}

TEST_F(Study, TimesItsStagesBesideItsMeasurement) {
  describe_warm();
  settings.variants = {PromptVariant::user_negative};
  static_cast<void>(run_study(settings, folder / "one"));
  static_cast<void>(run_study(settings, folder / "two"));
  const BehaviorFolder behavior{folder / "one/warm"};
  EXPECT_EQ(stages_of(behavior), (std::vector<std::string>{"vectors", "sweep", "predictor", "variants"}));
  EXPECT_EQ(read_file(folder / "one/settings.json"), read_file(folder / "two/settings.json"));
  EXPECT_EQ(results(folder / "one"), results(folder / "two"));

  const auto times = read_stage_times(behavior);
  static_cast<void>(run_study(settings, folder / "one"));
  EXPECT_EQ(read_stage_times(behavior), times) << "a run that finds everything done adds nothing";
}

TEST_F(Study, TimesAStageThatIsStoppedAndGoesOn) {
  std::stop_source source;
  Job job;
  job.stop = source.get_token();
  job.on_progress = [&](const Progress& progress) {
    if (progress.stage == "warm: sweep" && progress.done > 2) source.request_stop();
  };
  EXPECT_THROW(static_cast<void>(run_study(settings, folder / "out", job)), Error);
  const BehaviorFolder behavior{folder / "out/warm"};
  EXPECT_EQ(stages_of(behavior), (std::vector<std::string>{"vectors", "sweep"}));
  const auto before = read_stage_times(behavior);
  static_cast<void>(run_study(settings, folder / "out"));
  EXPECT_EQ(stages_of(behavior), (std::vector<std::string>{"vectors", "sweep", "predictor"}));
  const auto after = read_stage_times(behavior);
  EXPECT_EQ(after[0], before[0]);
  EXPECT_GE(after[1].seconds, before[1].seconds);
}

TEST_F(Study, KilledAtAnyMomentGoesOnToTheSameResults) {
  static_cast<void>(run_study(settings, folder / "whole"));
  EXPECT_GT(kills_until_done(settings, folder / "killed", 2), 2U);
  EXPECT_EQ(results(folder / "killed"), results(folder / "whole"));
  EXPECT_EQ(read_file(folder / "killed/warm/prompts.jsonl"), read_file(folder / "whole/warm/prompts.jsonl"));
}

TEST_F(Study, SweepsSeveralMethodsSideBySide) {
  settings.methods = {"l2s", "caa", "pca"};
  settings.method_options.learning_rates = {1e-3};
  settings.method_options.max_epochs = 5;
  settings.context_layers = LayerList::parse("1,2");
  settings.operation = SteeringOperator::add_keep_norm;
  const auto where = folder / "out";
  const auto outcome = run_study(settings, where);
  std::map<std::string, std::size_t> rows;
  for (const auto& result : outcome.results) ++rows[result.method];
  // L2S brings the oracle along, which chooses its fixed layer; its own choice is one row more.
  EXPECT_THAT(rows, testing::ElementsAre(testing::Pair("caa", 6), testing::Pair("l2s", 7), testing::Pair("oracle", 6),
                                         testing::Pair("pca", 6)));
  const auto layer_of = [&](std::string_view method, std::string_view policy) {
    const auto row = std::ranges::find_if(
        outcome.results, [&](const auto& result) { return result.method == method && result.policy == policy; });
    return row->layer;
  };
  EXPECT_EQ(layer_of("l2s", "fixed"), layer_of("oracle", "fixed"));
  for (const char* file : {"vectors.gguf", "vectors.caa.gguf", "vectors.pca.gguf", "vectors.oracle.gguf",
                           "predictor.gguf", "predictor.caa.gguf", "predictor.oracle.gguf"})
    EXPECT_TRUE(fs::exists(where / "warm" / file)) << file;
  EXPECT_FALSE(fs::exists(where / "warm/fitting"));
  EXPECT_EQ(read_vector_source(where / "warm/vectors.gguf")->info().method, "l2s");
  EXPECT_EQ(read_predictors(where / "warm/predictor.caa.gguf").method, "caa");
  ASSERT_EQ(outcome.agreement.size(), 3U) << "the oracle agrees with itself";
  EXPECT_EQ(outcome.agreement[1].mean.cosine, outcome.agreement[1].mean.mean_cosine) << "CAA is the mean";
}

TEST_F(Study, OfSeveralMethodsKilledAtAnyMomentGoesOnToTheSameResults) {
  settings.methods = {"caa", "l2s"};
  settings.method_options.learning_rates = {1e-3};
  settings.method_options.max_epochs = 5;
  settings.context_layers = LayerList::parse("1,2");
  static_cast<void>(run_study(settings, folder / "whole"));
  EXPECT_GT(kills_until_done(settings, folder / "killed", 7), 2U);
  EXPECT_EQ(results(folder / "killed"), results(folder / "whole"));
}

TEST_F(Study, EvaluatesOnTheValidationPartWithoutTouchingItsResults) {
  static_cast<void>(run_study(settings, folder / "out"));
  const auto before = results(folder / "out");
  auto evaluation = settings.evaluation;
  evaluation.part = SplitPart::validation;
  for (const auto& result : evaluate_study(folder / "out", evaluation).results) {
    EXPECT_EQ(result.split, "validation");
    EXPECT_EQ(result.samples, 3U);
  }
  EXPECT_EQ(results(folder / "out"), before);
}

TEST_F(Study, RefusesMethodsThatDoNotExistOrAreNamedTwice) {
  settings.methods = {"caa", "magic"};
  EXPECT_THAT(refusal(settings, folder / "out"), HasSubstr("unknown method 'magic'; there are: caa, pca"));
  settings.methods = {"caa", "caa"};
  EXPECT_THAT(refusal(settings, folder / "out"), HasSubstr("named twice"));
  settings.methods = {"l2s"};
  settings.context_layers = LayerList::parse("2,4");
  EXPECT_THAT(refusal(settings, folder / "out"), HasSubstr("layer 4 in '2,4' is out of range"));
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST_F(Study, InAFolderOfOtherSettingsNamesTheDifference) {
  const auto where = folder / "out";
  static_cast<void>(run_study(settings, where));
  const auto before = results(where);
  auto other = settings;
  other.seed = 1;
  EXPECT_THAT(refusal(other, where), HasSubstr("was made with seed = 0, now it is 1"));
  other = settings;
  other.multipliers = {-1, 1};
  EXPECT_THAT(refusal(other, where), HasSubstr("multipliers = -1.5,-1,-0.5,0,0.5,1,1.5, now it is -1,1"));
  other = settings;
  other.layers = LayerList::parse("1-2");
  EXPECT_THAT(refusal(other, where), HasSubstr("layers"));
  write_file(folder / "warm.jsonl", test::preference_pairs(31));
  EXPECT_THAT(refusal(settings, where), HasSubstr("data of warm"));
  EXPECT_EQ(results(where), before);
}

TEST_F(Study, AddsABehaviorToAFolder) {
  const auto where = folder / "out";
  static_cast<void>(run_study(settings, where));
  write_file(folder / "cold.jsonl", test::preference_pairs(24));
  settings.data = {(folder / "cold.jsonl").string()};
  const auto outcome = run_study(settings, where);
  std::set<std::string> behaviors;
  for (const auto& result : outcome.results) behaviors.insert(result.behavior);
  EXPECT_THAT(behaviors, testing::ElementsAre("cold", "mean", "warm"));
}

TEST_F(Study, EvaluatesPromptVariantsOnTheTestPart) {
  describe_warm();
  settings.variants = {PromptVariant::user_negative, PromptVariant::system_positive};
  settings.variants_at_all_layers = true;
  const auto outcome = run_study(settings, folder / "out");
  std::map<std::string, std::size_t> rows;
  for (const auto& result : outcome.results) {
    ++rows[result.variant];
    EXPECT_EQ(result.samples, 15U) << result.variant;
  }
  EXPECT_THAT(
      rows, testing::ElementsAre(testing::Pair("BASE", 6), testing::Pair("SYS.POS", 6), testing::Pair("USER.NEG", 6)));
}

TEST_F(Study, SweepsVariantsAtTheLayersThatPoliciesNeedAndFindsTheSame) {
  describe_warm();
  settings.variants = {PromptVariant::user_negative};
  const auto needed = run_study(settings, folder / "needed");
  settings.variants_at_all_layers = true;
  const auto all = run_study(settings, folder / "all");

  std::size_t compared = 0;
  for (const auto& row : needed.results) {
    const auto same = std::ranges::find_if(
        all.results, [&](const auto& other) { return other.variant == row.variant && other.policy == row.policy; });
    ASSERT_NE(same, all.results.end()) << row.variant << " " << row.policy;
    EXPECT_NEAR(row.steerability, same->steerability, 1e-4) << row.variant << " " << row.policy;
    if (row.variant == "USER.NEG") ++compared;
  }
  EXPECT_EQ(compared, 4U) << "fixed, majority, w2s-top1, w2s-top2";
  const auto rows_of = [](const fs::path& where) {
    std::size_t rows = 0;
    for (const auto& record : SweepStore::read(where / "warm/sweep.sqlite").records())
      if (record.key.variant == PromptVariant::user_negative) rows += record.propensity.at(0).layers;
    return rows;
  };
  EXPECT_LT(rows_of(folder / "needed"), rows_of(folder / "all"));
}

TEST_F(Study, SweepsVariantsAtAllLayersWhereThatIsAskedForLater) {
  describe_warm();
  settings.variants = {PromptVariant::user_negative};
  static_cast<void>(run_study(settings, folder / "out"));
  settings.variants_at_all_layers = true;
  const auto outcome = run_study(settings, folder / "out");
  EXPECT_TRUE(std::ranges::any_of(
      outcome.results, [](const auto& row) { return row.variant == "USER.NEG" && row.policy == "optimum"; }));
}

TEST_F(Study, SweepsWhatANewPredictorNeedsOfTheVariants) {
  describe_warm();
  settings.variants = {PromptVariant::user_negative};
  static_cast<void>(run_study(settings, folder / "out"));
  settings.fit.encoder = parse_encoder_choice("first-last");
  settings.fit.predictor.seeds = 5;
  settings.fit.top_k = {1, 2, 3};
  const auto outcome = run_study(settings, folder / "out");
  EXPECT_EQ(std::ranges::count_if(outcome.results, [](const auto& row) { return row.variant == "USER.NEG"; }), 5);
}

TEST_F(Study, OfVariantsKilledAtAnyMomentGoesOnToTheSameResults) {
  describe_warm();
  settings.variants = {PromptVariant::user_negative, PromptVariant::system_positive};
  settings.fit.top_k = {1};
  static_cast<void>(run_study(settings, folder / "whole"));
  EXPECT_GT(kills_until_done(settings, folder / "killed", 4), 2U);
  EXPECT_EQ(results(folder / "killed"), results(folder / "whole"));
}

TEST_F(Study, RefusesTooFewSamplesBeforeItMeasures) {
  write_file(folder / "warm.jsonl", test::preference_pairs(8));
  settings.fit.predictor.folds = 5;
  EXPECT_THAT(refusal(settings, folder / "out"), HasSubstr("fewer than the 5 folds"));
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST_F(Study, FitsAgainWithAnEncoderThatTheSweepRecorded) {
  static_cast<void>(run_study(settings, folder / "out"));
  const auto folders = behavior_folders(folder / "out");
  ASSERT_EQ(folders.size(), 1U);
  const FitSettings fit{.encoder = parse_encoder_choice("first-last"),
                        .objectives = {Objective::cross_entropy},
                        .top_k = {3},
                        .predictor = settings.fit.predictor};
  const auto fitted = fit_behavior(BehaviorResults(folders[0]), fit);
  ASSERT_EQ(fitted.size(), 1U);
  EXPECT_EQ(fitted[0].encoder, "first-last");
  EXPECT_EQ(fitted[0].model_layers, 4U);
  const auto outcome = evaluate_study(folder / "out", settings.evaluation);
  EXPECT_TRUE(std::ranges::any_of(outcome.results, [](const auto& r) { return r.policy == "w2s-top3"; }));
}

TEST_F(Study, FitsAgainWhenTheObjectivesChange) {
  static_cast<void>(run_study(settings, folder / "out"));
  const auto has_expected = [](const StudyOutcome& outcome) {
    return std::ranges::any_of(outcome.results, [](const auto& row) { return row.policy == "w2s-expected"; });
  };
  settings.fit.objectives = {Objective::cross_entropy, Objective::expected_steerability};
  EXPECT_TRUE(has_expected(run_study(settings, folder / "out")));
  const auto both = results(folder / "out");
  EXPECT_TRUE(has_expected(run_study(settings, folder / "out")));
  EXPECT_EQ(results(folder / "out"), both);
  settings.fit.objectives = {Objective::cross_entropy};
  EXPECT_FALSE(has_expected(run_study(settings, folder / "out")));
}

TEST_F(Study, FitsAgainWhereAnotherVersionFitted) {
  static_cast<void>(run_study(settings, folder / "out"));
  const auto path = folder / "out/warm/predictor.gguf";
  const auto before = read_file(path);
  auto file = read_tensor_file(path);
  file.metadata["w2s.predictor.version"] = std::int64_t{1};
  write_tensor_file(path, file);
  static_cast<void>(run_study(settings, folder / "out"));
  EXPECT_EQ(read_file(path), before);
}

TEST_F(Study, RefusesToFitNothing) {
  settings.fit.objectives = {};
  EXPECT_THAT(refusal(settings, folder / "out"), HasSubstr("name an objective"));
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST(PoliciesOfAFit, AreEachOfTheObjectivesOnceInOrder) {
  const FitSettings fit{.encoder = parse_encoder_choice("first-last"),
                        .objectives = {Objective::expected_steerability, Objective::cross_entropy},
                        .top_k = {3, 1, 3},
                        .predictor = {}};
  std::vector<std::string> names;
  for (const auto& policy : policies_of(fit)) names.push_back(to_string(policy));
  EXPECT_THAT(names, testing::ElementsAre("top1", "top3", "expected"));
}

TEST_F(Study, ListsTheEncodersOfASweepThatLacksTheOneAskedFor) {
  test::write_tiny_model(folder / "model.gguf", test::llama_like_32_layers());
  settings.layers = LayerList::parse("0-1");
  static_cast<void>(run_study(settings, folder / "out"));
  const auto behavior = behavior_folders(folder / "out").at(0);
  const FitSettings fit{.encoder = parse_encoder_choice("layer5-mean"),
                        .objectives = {Objective::cross_entropy},
                        .top_k = {1},
                        .predictor = settings.fit.predictor};
  EXPECT_THAT([&] { static_cast<void>(fit_behavior(BehaviorResults(behavior), fit)); },
              testing::ThrowsMessage<Error>(testing::AllOf(HasSubstr("did not record the encoder layer5-mean"),
                                                           HasSubstr("it recorded first-last"))));
}

TEST_F(Study, GoesOnWithTheExecutorThatAFolderWasBegunWith) {
  auto by_rows = settings;
  by_rows.executor = ExecutorChoice::rows;
  static_cast<void>(run_study(by_rows, folder / "rows"));
  EXPECT_FALSE(read_settings(folder / "rows")->measurement.contains("executor"));
  const auto before = results(folder / "rows");
  static_cast<void>(run_study(settings, folder / "rows"));
  EXPECT_EQ(results(folder / "rows"), before);

  static_cast<void>(run_study(settings, folder / "minimal"));
  EXPECT_EQ(read_settings(folder / "minimal")->measurement.at("executor"), "minimal");
  EXPECT_THAT(refusal(by_rows, folder / "minimal"), HasSubstr("executor"));
}

}  // namespace
}  // namespace w2s
