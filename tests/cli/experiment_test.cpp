#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/small_study.h"
#include "w2s/report.h"

namespace w2s::test {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ExperimentCommand : public SmallStudy {
 protected:
  void SetUp() override {
    SmallStudy::SetUp();
    auto other = tiny_llama();
    other.seed = 3;
    write_tiny_model(path("other.gguf"), other);
    write("review.jsonl", samples(12));
    write("experiment.toml", config());
  }

  [[nodiscard]] static std::string config() {
    return "output = \"out\"\n"
           "seeds = [0, 1]\n"
           "data = \"review.jsonl\"\n"
           "multipliers = [-1, 0, 1]\n"
           "top-k = 1\n"
           "folds = 2\n"
           "predictor-seeds = 2\n"
           "learning-rates = 0.001\n"
           "hidden-widths = 8\n"
           "hidden-layers = 1\n"
           "weight-decays = 0.01\n"
           "[[models]]\n"
           "name = \"one\"\n"
           "path = \"model.gguf\"\n"
           "[[models]]\n"
           "name = \"two\"\n"
           "path = \"other.gguf\"\n";
  }

  [[nodiscard]] ProcessResult experiment(const std::vector<std::string>& more = {},
                                         const ProcessOptions& options = {}) const {
    std::vector<std::string> arguments = {"experiment", path("experiment.toml")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return w2s(arguments, options);
  }

  [[nodiscard]] std::map<std::string, std::string> tables_in(std::string_view folder) const {
    std::map<std::string, std::string> files;
    for (const auto& file : fs::directory_iterator(path(folder) + "/tables"))
      files[file.path().filename().string()] = read_file(file.path());
    return files;
  }
};

TEST_F(ExperimentCommand, PrintsTheMainTablesAndKeepsAll) {
  const auto result = experiment();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* part : {"one, seed 0", "two, seed 1", "Noise floor of review", "review: W2S", "/out/tables"})
    EXPECT_THAT(result.out, HasSubstr(part));
  for (const char* file : {"out/experiment.json", "out/tables/table1.md", "out/tables/table1.tex",
                           "out/one/seed-0/results.json", "out/two/seed-1/results.json"})
    EXPECT_TRUE(exists(file)) << file;
  EXPECT_EQ(exists("out/tables/figure3.svg"), can_draw_paper_figures());
  EXPECT_THAT(result.err, HasSubstr("two, seed 1: review: sweep"));
}

TEST_F(ExperimentCommand, InterruptedGoesOnToTheSameTables) {
  ASSERT_EQ(experiment({"-o", path("whole")}).exit_code, 0);
  const auto stopped = experiment({}, {.interrupt_at = "one, seed 1"});
  ASSERT_EQ(stopped.exit_code, 1);
  EXPECT_THAT(stopped.err, HasSubstr("interrupted; what was finished is in " + path("out")));
  ASSERT_TRUE(exists("out/experiment.json"));
  ASSERT_FALSE(exists("out/tables"));
  ASSERT_EQ(experiment().exit_code, 0);
  EXPECT_EQ(tables_in("out"), tables_in("whole"));
  for (const char* study : {"one/seed-0", "one/seed-1", "two/seed-0", "two/seed-1"})
    EXPECT_EQ(read_file(path("out/") + study + "/results.json"), read_file(path("whole/") + study + "/results.json"));
}

TEST_F(ExperimentCommand, OfAPartKeepsNoTables) {
  const auto result = experiment({"--model", "two", "--seed", "1", "--quiet", "--format", "csv"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_THAT(result.out, HasSubstr("model,seed,behavior,method,"));
  EXPECT_THAT(result.out, HasSubstr("\ntwo,1,review,caa,BASE,test,w2s-top1,"));
  EXPECT_THAT(result.out, Not(HasSubstr("\none,")));
  EXPECT_FALSE(exists("out/tables"));
  EXPECT_FALSE(exists("out/one"));
}

TEST_F(ExperimentCommand, DryRunPrintsThePlanAndWritesNothing) {
  const auto result = experiment({"--dry-run"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* part : {"one: ", "4 layers of width 32", "review", "all, 2 seeds",
                           "This machine: ", "One A40: ", "One A100: ", "at 30% of the 149.7 TFLOP/s",
                           "Executor: minimal", "Memory: ", "key-value caches", "that are free", "Disk: sweeps of "})
    EXPECT_THAT(result.out, HasSubstr(part));
  EXPECT_FALSE(exists("out"));

  const auto json = experiment({"--dry-run", "--no-calibration", "--format", "json", "--limit", "10"});
  ASSERT_EQ(json.exit_code, 0) << json.err;
  const auto rows = nlohmann::json::parse(json.out);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1]["model"], "two");
  EXPECT_EQ(rows[1]["samples"], 10);
  EXPECT_EQ(rows[1]["steered_rows"], 2 * 10 * 4 * 2);
  EXPECT_TRUE(rows[1]["seconds_here"].is_null());
  EXPECT_EQ(rows[1]["executor"], "minimal");
  EXPECT_LT(rows[1]["flop"].get<double>(), rows[1]["flop_on_a_gpu"].get<double>()) << "rows do less on the CPU";
  EXPECT_NEAR(rows[1]["seconds_A40"].get<double>(), rows[1]["flop_on_a_gpu"].get<double>() / (0.3 * 149.7e12), 1e-9);
  EXPECT_GT(rows[1]["memory_bytes"].get<double>(), 0);
  EXPECT_GT(rows[1]["disk_bytes"].get<double>(), 0);
  EXPECT_FALSE(exists("out"));
}

TEST_F(ExperimentCommand, DryRunPlansWithAModelThatIsNotThere) {
  write("experiment.toml", config() +
                               "[[models]]\nname = \"large\"\npath = \"large.gguf\"\nparameters = 6607343616\n"
                               "layers = 32\nwidth = 4096\ntokenizer = \"model.gguf\"\n");
  const auto plan = experiment({"--dry-run", "--no-calibration", "--model", "large"});
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("large: 6.607 billion parameters"));
  EXPECT_THAT(plan.out, HasSubstr("counted with another model's tokenizer"));
  EXPECT_THAT(plan.out, HasSubstr("Executor: rows"));
  EXPECT_THAT(plan.out, HasSubstr("model 13.2 GB"));
  const auto run = experiment();
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("large.gguf: no such file"));
  EXPECT_FALSE(exists("out"));
}

TEST_F(ExperimentCommand, NamesWhatIsWrong) {
  EXPECT_THAT(experiment({"--model", "three"}).err, HasSubstr("no model 'three'; there are: one, two"));
  EXPECT_THAT(experiment({"--no-calibration"}).err, HasSubstr("--dry-run"));
  write("experiment.toml", "limits = 3\n" + config());
  const auto unknown = experiment();
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("experiment.toml:1: limits: unknown key; there are: output, models"));
  write("experiment.toml", config().substr(config().find('\n') + 1));
  EXPECT_THAT(experiment().err, HasSubstr("where to? Give -o DIR, or output"));
}

}  // namespace
}  // namespace w2s::test
