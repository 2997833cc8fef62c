// The program from the outside, on a tiny model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/small_study.h"
#include "w2s/base.h"

namespace w2s::test {
namespace {

namespace fs = std::filesystem;

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class WholeJob : public SmallStudy {};

TEST_F(WholeJob, RunPrintsTableVerdictAndWhereTheResultsAre) {
  const auto result = w2s(run_arguments());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* policy : {"fixed", "w2s-top1", "w2s-top2", "w2s-top3", "optimum", "random", "majority"})
    EXPECT_THAT(result.out, HasSubstr(policy));
  EXPECT_THAT(result.out, HasSubstr("Noise floor of review"));
  EXPECT_THAT(result.out, HasSubstr("review: W2S"));
  EXPECT_THAT(result.out, HasSubstr("Results are in " + path("results")));
  EXPECT_THAT(result.err, HasSubstr("sweep 30/30 samples"));
  for (const char* file :
       {"results.json", "settings.json", "review/vectors.gguf", "review/sweep.sqlite", "review/predictor.gguf"})
    EXPECT_TRUE(exists(std::string("results/") + file)) << file;
}

TEST_F(WholeJob, RunPrintsTheContentOfResultsJsonAsJson) {
  const auto result = w2s(run_arguments({"--format", "json", "--quiet"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out), nlohmann::json::parse(read_file(path("results/results.json"))));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(WholeJob, RunAgainMeasuresNothingTwice) {
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  const auto first = read_file(path("results/results.json"));
  const auto again = w2s(run_arguments());
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(read_file(path("results/results.json")), first);
  EXPECT_THAT(again.err, Not(HasSubstr("representations")));
}

TEST_F(WholeJob, RunWarnsThatALimitMakesResultsPartial) {
  const auto result = w2s(run_arguments({"--limit", "25"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("warning: --limit 25"));
  EXPECT_THAT(result.err, HasSubstr("25/25"));
}

TEST_F(WholeJob, RunTakesItsOptionsFromAFile) {
  write("study.toml", "model = \"" + path("model.gguf") + "\"\ndata = \"" + path("review.jsonl") + "\"\noutput = \"" +
                          path("results") +
                          "\"\nmultipliers = [-1, 0, 1]\nlearning-rates = 0.001\nhidden-widths = 8\nhidden-layers = 1\n"
                          "weight-decays = 0.01\nseeds = 2\n");
  const auto result = w2s({"run", "--config", path("study.toml")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(read_file(path("results/settings.json")), HasSubstr("\"-1,0,1\""));
}

TEST_F(WholeJob, EvalRepeatsTheTableOfRun) {
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  const auto results = read_file(path("results/results.json"));
  const auto csv = w2s({"eval", path("results"), "--format", "csv"});
  ASSERT_EQ(csv.exit_code, 0) << csv.err;
  EXPECT_THAT(csv.out, StartsWith("behavior,method,variant,split,policy,"));
  EXPECT_EQ(read_file(path("results/results.json")), results);

  const auto markdown = w2s({"eval", path("results"), "--format", "md", "-o", path("results.md")});
  ASSERT_EQ(markdown.exit_code, 0) << markdown.err;
  EXPECT_THAT(markdown.out, IsEmpty());
  EXPECT_THAT(read_file(path("results.md")), StartsWith("| policy | layer |"));
}

TEST_F(WholeJob, FitReplacesThePredictor) {
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  const auto before = read_file(path("results/review/predictor.gguf"));
  const auto result = w2s({"fit", path("results"), "--encoder", "first-mean", "--top-k", "2", "--learning-rates",
                           "0.001", "--hidden-widths", "8", "--hidden-layers", "1", "--weight-decays", "0.01"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("encoder first-mean"));
  EXPECT_THAT(result.out, HasSubstr("of 4"));
  EXPECT_NE(read_file(path("results/review/predictor.gguf")), before);
}

TEST_F(WholeJob, FitsBothObjectivesIntoTheSameTables) {
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  const auto fitted =
      w2s({"fit", path("results"), "--objective", "cross-entropy,expected-steerability", "--top-k", "1",
           "--learning-rates", "0.001", "--hidden-widths", "8", "--hidden-layers", "1", "--weight-decays", "0.01"});
  ASSERT_EQ(fitted.exit_code, 0) << fitted.err;
  EXPECT_THAT(fitted.out, HasSubstr("w2s-expected"));
  const auto evaluated = w2s({"eval", path("results"), "--format", "csv"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_THAT(evaluated.out, HasSubstr("gain_high,regret,accuracy"));
  EXPECT_THAT(evaluated.out, HasSubstr(",w2s-expected,"));
  EXPECT_THAT(w2s({"inspect", path("results/review/predictor.gguf")}).out, HasSubstr("default policy"));
}

TEST_F(WholeJob, FitNamesTheEncodersThatTheSweepRecorded) {
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  const auto result = w2s({"fit", path("results"), "--encoder", "elsewhere"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("first-mean"));
}

TEST_F(WholeJob, SweepPrintsALineASampleInTheOrderOfTheFile) {
  make_vectors();
  const auto result = w2s(sweep_arguments({"--multipliers", "-1,0,1", "--layers", "1-3", "--format", "jsonl"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::istringstream lines(result.out);
  int expected_id = 0;
  for (std::string line; std::getline(lines, line); ++expected_id) {
    const auto sample = nlohmann::json::parse(line);
    EXPECT_EQ(sample.size(), 3U);
    EXPECT_EQ(sample["id"], expected_id);
    ASSERT_EQ(sample["propensity"].size(), 3U);
    EXPECT_EQ(sample["propensity"][2].size(), 3U);
    EXPECT_EQ(sample["steerability"].size(), 3U);
    const double slope = (sample["propensity"][1][2].get<double>() - sample["propensity"][1][0].get<double>()) / 2;
    EXPECT_NEAR(sample["steerability"][1].get<double>(), slope, 1e-5);
  }
  EXPECT_EQ(expected_id, 30);
}

TEST_F(WholeJob, SweepGivesTheSameNumbersInAFileAndWithOneThread) {
  make_vectors();
  const auto printed = w2s(sweep_arguments({"--format", "jsonl"}));
  const auto written = w2s(sweep_arguments({"--format", "jsonl", "-t", "1", "-o", path("sweep.jsonl")}));
  ASSERT_EQ(written.exit_code, 0) << written.err;
  EXPECT_THAT(written.out, IsEmpty());
  EXPECT_EQ(read_file(path("sweep.jsonl")), printed.out);
}

TEST_F(WholeJob, SweepSummarisesByLayerAndTellsItsNoiseFloor) {
  make_vectors();
  const auto table = w2s(sweep_arguments());
  ASSERT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("Best fixed layer on these 30 samples"));
  EXPECT_THAT(table.out, HasSubstr("Noise floor"));
  const auto json = nlohmann::json::parse(w2s(sweep_arguments({"--format", "json", "--limit", "4"})).out);
  EXPECT_EQ(json["behavior"], "review");
  EXPECT_EQ(json["by_layer"].size(), 4U);
  EXPECT_EQ(json["samples"].size(), 4U);
  EXPECT_TRUE(json["noise_floor"].contains("propensity"));
}

TEST_F(WholeJob, SweepAsksForOneBehaviourWhereThereAreSeveral) {
  make_vectors();
  fs::create_directory(path("data"));
  write("data/a.jsonl", samples(3));
  write("data/b.jsonl", samples(4));
  const std::vector<std::string> arguments = {"sweep",      "-m",        path("model.gguf"),  "--data",
                                              path("data"), "--vectors", path("vectors.gguf")};
  const auto both = w2s(arguments);
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.err, HasSubstr("--behavior: a, b"));
  auto one = arguments;
  one.insert(one.end(), {"--behavior", "b"});
  EXPECT_THAT(w2s(one).out, HasSubstr("these 4 samples"));
}

TEST_F(WholeJob, VectorsOfTheTrainingSplitAreThoseOfRun) {
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  const auto result = w2s({"vectors", "-m", path("model.gguf"), "--data", path("review.jsonl"), "--split", "train",
                           "-o", path("vectors.gguf"), "--format", "csv"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("layer,norm,cosine,mean_cosine,error,mean_error\n0,"));
  const auto of_run = w2s({"inspect", path("results/review/vectors.gguf"), "--format", "json"});
  const auto of_vectors = w2s({"inspect", path("vectors.gguf"), "--format", "json"});
  EXPECT_EQ(nlohmann::json::parse(of_run.out)["files"][0]["by_layer"],
            nlohmann::json::parse(of_vectors.out)["files"][0]["by_layer"]);
}

TEST_F(WholeJob, InspectKnowsEveryFileOfAStudyAndThatTheyFit) {
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  const auto result =
      w2s({"inspect", path("model.gguf"), path("results/review/vectors.gguf"), path("results/review/predictor.gguf"),
           path("results/review/sweep.sqlite"), path("results")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* kind : {": model", ": steering vectors", ": layer predictor", ": sweep", ": results folder"})
    EXPECT_THAT(result.out, HasSubstr(kind));
  EXPECT_THAT(result.out, HasSubstr("These fit together."));
  EXPECT_THAT(result.out, ContainsRegex("review/prompts.jsonl +texts of prompts: samples 30\n"));
  EXPECT_THAT(result.out, ContainsRegex("review/times.json +seconds by stage: vectors [0-9.]+; sweep "));

  fs::remove(path("results/review/prompts.jsonl"));
  fs::remove(path("results/review/times.json"));
  const auto older = w2s({"inspect", path("results")});
  EXPECT_EQ(older.exit_code, 0) << older.err;
  EXPECT_THAT(older.out, ContainsRegex("review/prompts.jsonl +missing: 'w2s run' again makes it\n"));
  EXPECT_THAT(older.out, Not(HasSubstr("times.json")));
}

TEST_F(WholeJob, ConvertWritesAModelThatIsLikeTheFirst) {
  const auto result = w2s({"convert", path("model.gguf"), path("f32.gguf")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("-> F32"));
  EXPECT_EQ(w2s({"inspect", path("model.gguf"), path("f32.gguf")}).exit_code, 0);
  EXPECT_EQ(w2s({"convert", path("model.gguf"), path("model.gguf")}).exit_code, 2);
}

}  // namespace
}  // namespace w2s::test
