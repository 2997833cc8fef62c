#include "w2s/experiment.h"

#include <gmock/gmock.h>

#include <map>
#include <stop_token>

#include "support/error_of.h"
#include "support/study_settings.h"
#include "support/tiny_study.h"
#include "w2s/base.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Experiment : public testing::Test {
 protected:
  Experiment() {
    auto other = test::tiny_llama();
    other.seed = 2;
    other.layers = 3;
    test::write_tiny_model(folder / "one.gguf", test::tiny_llama());
    test::write_tiny_model(folder / "two.gguf", other);
    write_file(folder / "warm.jsonl", test::preference_pairs(12));
    write_file(folder / "warm.toml", "positive = \"You find everything warm.\"\nnegative = \"You do not.\"\n");
    settings.models = {{.name = "one", .path = folder / "one.gguf"}, {.name = "two", .path = folder / "two.gguf"}};
    settings.seeds = {0, 5};
    auto& study = settings.study;
    study = test::tiny_study({}, folder / "warm.jsonl");  // the models are the experiment's
    study.variants = {PromptVariant::base, PromptVariant::user_negative};
    study.multipliers = {-1, 0, 1};
    study.fit.encoder = parse_encoder_choice("first-mean");
    study.fit.predictor.folds = 2;
    study.fit.predictor.seeds = 2;
    study.fit.predictor.max_epochs = 5;
  }

  // Everything that must not depend on interruptions: tables and results, by name.
  [[nodiscard]] static std::map<std::string, std::string> outcome_in(const fs::path& where,
                                                                     const ExperimentOutcome& outcome) {
    std::map<std::string, std::string> texts;
    for (const auto& study : outcome.studies)
      texts[fs::relative(study.folder, where).string()] = read_file(study.folder / "results.json");
    for (const auto& table : outcome.tables) texts[table.id] = text_of(table);
    return texts;
  }

  [[nodiscard]] static std::string text_of(const PaperTable& table) {
    std::string text = table.title + "\n" + table.notes + "\n";
    for (const auto& row : table.table.rows)
      for (const auto& cell : row) text += std::visit(CellText(), cell) + "|";
    return text;
  }

  struct CellText {
    std::string operator()(std::monostate /*nothing*/) const { return "-"; }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const {
      std::string digits(32, ' ');
      digits.resize(static_cast<std::size_t>(std::snprintf(digits.data(), digits.size(), "%.17g", number)));
      return digits;
    }
    std::string operator()(const Spread& spread) const {
      return (*this)(spread.value) + (spread.sd ? " sd " + (*this)(*spread.sd) : "");
    }
    std::string operator()(const Interval& interval) const {
      return (*this)(interval.mean) + " in " + (*this)(interval.low) + " to " + (*this)(interval.high);
    }
  };

  test::TemporaryFolder folder;
  ExperimentSettings settings;
};

TEST_F(Experiment, LeavesAResultsFolderForEachModelAndSeed) {
  const auto where = folder / "out";
  const auto outcome = run_experiment(settings, where);
  ASSERT_EQ(outcome.studies.size(), 4U);
  EXPECT_EQ(outcome.studies[1].model, "one");
  EXPECT_EQ(outcome.studies[1].seed, 5U);
  for (const char* study : {"one/seed-0", "one/seed-5", "two/seed-0", "two/seed-5"})
    EXPECT_TRUE(fs::exists(where / study / "results.json")) << study;
  EXPECT_EQ(ResultsFolder(where / "one/seed-5").seed(), 5U);
  EXPECT_NE(read_file(where / "one/seed-0/results.json"), read_file(where / "one/seed-5/results.json"));
  EXPECT_NE(read_file(where / "one/seed-0/results.json"), read_file(where / "two/seed-0/results.json"));
  ASSERT_EQ(outcome.findings.size(), 4U);
  EXPECT_EQ(outcome.findings[3].model, "two");
  EXPECT_EQ(outcome.findings[3].seed, 5U);
  EXPECT_FALSE(outcome.findings[3].results.empty());
  EXPECT_FALSE(outcome.findings[3].analyses.empty());
  EXPECT_TRUE(outcome.findings[3].encoders.empty());
  EXPECT_FALSE(outcome.tables.empty());
  const auto record = read_file(where / "experiment.json");
  for (const char* part :
       {"\"limit\": 0", "\"seed\": 5", "\"folder\": \"two/seed-5\"", "\"seconds\": ", "model_sha256"})
    EXPECT_THAT(record, HasSubstr(part));
}

TEST_F(Experiment, InterruptedAnywhereGoesOnToTheSameTablesAndResults) {
  settings.compares_encoders = true;
  const auto whole = outcome_in(folder / "whole", run_experiment(settings, folder / "whole"));
  const auto where = folder / "interrupted";
  std::size_t interruptions = 0;
  for (bool is_done = false; !is_done && interruptions < 100;) {
    std::stop_source stop;
    std::size_t left = 23 * (interruptions + 1);
    Job job;
    job.stop = stop.get_token();
    job.on_progress = [&](const Progress&) {
      if (left-- == 0) stop.request_stop();
    };
    try {
      const auto outcome = run_experiment(settings, where, job);
      is_done = true;
      EXPECT_EQ(outcome_in(where, outcome), whole);
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::interrupted) << error.what();
      ++interruptions;
    }
  }
  EXPECT_GT(interruptions, 3U);
  EXPECT_LT(interruptions, 100U);
}

TEST_F(Experiment, RunAgainMeasuresNothingTwice) {
  settings.compares_encoders = true;
  const auto where = folder / "out";
  const auto first = outcome_in(where, run_experiment(settings, where));
  std::vector<std::string> stages;
  Job job;
  job.on_progress = [&](const Progress& progress) {
    if (progress.done > progress.resumed) stages.emplace_back(progress.stage);
  };
  EXPECT_EQ(outcome_in(where, run_experiment(settings, where, job)), first);
  for (const auto& stage : stages) EXPECT_THAT(stage, HasSubstr("checking"));
}

TEST_F(Experiment, OfAPartDoesThatPartAlone) {
  keep_model(settings, "two");
  keep_seed(settings, 5);
  const auto outcome = run_experiment(settings, folder / "out");
  ASSERT_EQ(outcome.studies.size(), 1U);
  EXPECT_TRUE(fs::exists(folder / "out/two/seed-5/results.json"));
  EXPECT_FALSE(fs::exists(folder / "out/one"));
}

TEST_F(Experiment, FindsWhatTheLastStudyWouldFailOfBeforeTheFirstBegins) {
  const auto refusal = [&](ErrorKind kind) {
    return test::message_of(kind, [&] { static_cast<void>(run_experiment(settings, folder / "out")); });
  };
  settings.models[1].path = folder / "none.gguf";
  EXPECT_THAT(refusal(ErrorKind::model), HasSubstr("none.gguf: no such file"));
  test::write_tiny_model(folder / "two.gguf", test::model_without_layer_outputs());
  settings.models[1].path = folder / "two.gguf";
  EXPECT_THAT(refusal(ErrorKind::model), HasSubstr("two.gguf"));
  settings.models.pop_back();
  write_file(folder / "cold.jsonl", test::preference_pairs(12));
  settings.study.data.push_back((folder / "cold.jsonl").string());
  EXPECT_THAT(refusal(ErrorKind::data), HasSubstr("cold"));
  settings.study.data.pop_back();
  settings.study.layers = LayerList::parse("0-4");
  EXPECT_THAT(refusal(ErrorKind::usage), HasSubstr("layer 4"));
  settings.models[0].path.clear();
  EXPECT_THAT(refusal(ErrorKind::usage), HasSubstr("the model one has no path"));
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST_F(Experiment, PlansModelsThatAreThereAndOthersByTheirShape) {
  settings.models.push_back({.name = "large",
                             .path = folder / "large.gguf",
                             .shape = {.parameters = 1000, .layers = 40, .width = 64},
                             .tokenizer = folder / "one.gguf"});
  const auto plans = plan_experiment(settings, true);
  ASSERT_EQ(plans.size(), 3U);
  EXPECT_TRUE(plans[0].calibration.has_value());
  EXPECT_FALSE(plans[0].is_stand_in);
  EXPECT_EQ(plans[1].shape.layers, 3U);
  EXPECT_TRUE(plans[2].is_stand_in);
  EXPECT_FALSE(plans[2].calibration.has_value());
  EXPECT_EQ(plans[2].shape.parameters, 1000U);
  EXPECT_EQ(plans[0].seeds, 2U);
  EXPECT_EQ(plans[0].counts().prompts, 2 * plans[0].cost.behaviors[0].counts.prompts);
  EXPECT_EQ(plans[0].store_bytes(), 2 * plans[0].cost.behaviors[0].store_bytes);
  EXPECT_EQ(plans[0].flops(), flops(plans[0].shape, plans[0].counts()));
  EXPECT_FALSE(plan_experiment(settings, false)[0].calibration.has_value());
}

TEST_F(Experiment, PlansWithTheExecutorThatWouldRun) {
  const auto executor = [&] { return plan_experiment(settings, false)[0].cost.executor; };
  EXPECT_EQ(executor(), ExecutorChoice::minimal);
  const auto plan = plan_experiment(settings, false)[0];
  ASSERT_EQ(plan.flops_on_a_gpu.size(), plan.cost.behaviors.size());
  EXPECT_LT(flops(plan.shape, plan.cost.behaviors[0].counts), plan.flops_on_a_gpu[0]);
  settings.study.executor = ExecutorChoice::rows;
  EXPECT_EQ(executor(), ExecutorChoice::rows);
  settings.study.executor = ExecutorChoice::automatic;
  settings.output = folder / "out";
  const auto begun = study_folder(settings.output, settings.models[0].name, settings.seeds[0]);
  fs::create_directories(begun);
  write_file(begun / "settings.json", R"({"measurement": {}, "data": {}, "run": {}})");
  EXPECT_EQ(executor(), ExecutorChoice::rows) << "as an older version began it";
}

}  // namespace
}  // namespace w2s
