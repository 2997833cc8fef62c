#include "cli/options/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/options/help_formatter.h"
#include "cli/options/options.h"
#include "cli/recording_console.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::SizeIs;

// A command with the options of a study.
struct StudyCommand {
  StudySettings study;
  bool quiet = false;

  bool parse(const Arguments& arguments) {
    test::RecordingConsole console;
    CommandLine line("test", "A command for tests.", "w2s test");
    line.add(study_options(study));
    line.add({quiet_option(quiet)});
    return line.parse(arguments, console.console());
  }
};

Arguments with_required(Arguments arguments) {
  arguments.insert(arguments.end(), {"-m", "model.gguf", "--data", "data.jsonl"});
  return arguments;
}

std::string error_of(const Arguments& arguments) {
  StudyCommand options;
  try {
    static_cast<void>(options.parse(arguments));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "no error";
}

TEST(ExpandShortNames, RewritesLlamaCppsGpuLayers) {
  EXPECT_THAT(expand_short_names({"-ngl", "20", "-n", "x"}), ElementsAre("--gpu-layers", "20", "-n", "x"));
}

TEST(ExpandShortNames, LeavesWhatFollowsADoubleDash) {
  EXPECT_THAT(expand_short_names({"--", "-ngl"}), ElementsAre("--", "-ngl"));
}

TEST(CommandLine, TakesLlamaCppsNames) {
  StudyCommand options;
  ASSERT_TRUE(options.parse({"-m", "a b.gguf", "--data", "x", "-ngl", "7", "-t", "3", "-c", "512", "-s", "42"}));
  EXPECT_EQ(options.study.model, "a b.gguf");
  EXPECT_EQ(options.study.model_options.gpu_layers, 7);
  EXPECT_EQ(options.study.decoder.context, 512U);
  EXPECT_EQ(options.study.threads, 3);
  EXPECT_EQ(options.study.seed, 42U);
}

TEST(CommandLine, TakesNegativeNumbersAsValues) {
  StudyCommand options;
  ASSERT_TRUE(options.parse(with_required({"--multipliers", "-1,0,1", "-ngl", "-1"})));
  EXPECT_THAT(options.study.multipliers, ElementsAre(-1.0F, 0.0F, 1.0F));
  EXPECT_EQ(options.study.model_options.gpu_layers, -1);
}

TEST(CommandLine, TakesNegativeNumbersAfterAnEqualsSign) {
  StudyCommand options;
  ASSERT_TRUE(options.parse(with_required({"--multipliers=-1.5,1.5"})));
  EXPECT_THAT(options.study.multipliers, ElementsAre(-1.5F, 1.5F));
}

TEST(CommandLine, TakesSeveralDataSources) {
  StudyCommand options;
  ASSERT_TRUE(options.parse({"--data", "a", "b", "--data", "c", "-m", "model.gguf"}));
  EXPECT_THAT(options.study.data, ElementsAre("a", "b", "c"));
}

TEST(CommandLine, TakesListsWithCommasAndByRepetition) {
  StudyCommand options;
  ASSERT_TRUE(options.parse(with_required(
      {"--top-k", "1,3", "--behavior", "x", "--behavior", "y", "--layers", "0-3,7", "--learning-rates", "0.1,1e-3"})));
  EXPECT_THAT(options.study.fit.top_k, ElementsAre(1U, 3U));
  EXPECT_THAT(options.study.selection.behaviors, ElementsAre("x", "y"));
  EXPECT_EQ(options.study.layers.text(), "0-3,7");
  EXPECT_THAT(options.study.fit.predictor.grid.learning_rates, ElementsAre(0.1, 1e-3));
}

TEST(CommandLine, TakesOneOrBothObjectives) {
  StudyCommand options;
  ASSERT_TRUE(options.parse(with_required({"--objective", "cross-entropy,expected-steerability"})));
  EXPECT_THAT(options.study.fit.objectives, ElementsAre(Objective::cross_entropy, Objective::expected_steerability));
  EXPECT_THAT(error_of(with_required({"--objective", "hinge"})),
              AllOf(HasSubstr("--objective"), HasSubstr("expected-steerability")));
}

TEST(CommandLine, HasTheDefaultsOfTheLibrary) {
  StudyCommand options;
  ASSERT_TRUE(options.parse(with_required({})));
  EXPECT_EQ(options.study.layers.text(), "");
  EXPECT_TRUE(options.study.multipliers.empty());
  EXPECT_THAT(options.study.variants, ElementsAre(PromptVariant::base));
  EXPECT_THAT(options.study.fit.objectives, ElementsAre(Objective::cross_entropy));
  EXPECT_EQ(options.study.fit.predictor.folds, PredictorOptions().folds);
  EXPECT_EQ(options.study.fit.encoder, FitSettings().encoder);
}

TEST(CommandLine, UnderstandsAllVariants) {
  StudyCommand options;
  ASSERT_TRUE(options.parse(with_required({"--variants", "all"})));
  EXPECT_THAT(options.study.variants, SizeIs(5));
}

TEST(CommandLine, NamesAnUnknownOption) { EXPECT_THAT(error_of(with_required({"--bogus"})), HasSubstr("--bogus")); }

TEST(CommandLine, NamesAMissingOption) { EXPECT_THAT(error_of({"--data", "x"}), HasSubstr("--model is required")); }

TEST(CommandLine, NamesAnOptionWithoutItsValue) { EXPECT_THAT(error_of({"-m"}), HasSubstr("--model")); }

TEST(CommandLine, NamesAnOptionOutOfRange) {
  EXPECT_THAT(error_of(with_required({"--folds", "1"})), HasSubstr("--folds"));
  EXPECT_THAT(error_of(with_required({"-t", "-2"})), HasSubstr("--threads"));
  EXPECT_THAT(error_of(with_required({"--top-k", "0"})), HasSubstr("--top-k"));
}

TEST(CommandLine, NamesAnOptionThatIsNoNumber) {
  EXPECT_THAT(error_of(with_required({"--limit", "many"})), HasSubstr("--limit"));
  EXPECT_THAT(error_of(with_required({"--seed", "-1"})), HasSubstr("--seed"));
  EXPECT_THAT(error_of(with_required({"--limit", "-1"})), HasSubstr("--limit"));
  EXPECT_THAT(error_of(with_required({"--ctx-size", "-1"})), HasSubstr("--ctx-size"));
}

TEST(CommandLine, SaysWhereHelpIs) { EXPECT_THAT(error_of({}), HasSubstr("w2s test --help")); }

TEST(CommandLine, PrintsHelpAndSaysSo) {
  test::RecordingConsole console;
  StudySettings study;
  CommandLine line("test", "A command for tests.", "w2s test -m model.gguf");
  line.add(study_options(study));
  EXPECT_FALSE(line.parse({"--help"}, console.console()));
  EXPECT_THAT(console.out, HasSubstr("A command for tests."));
  EXPECT_THAT(console.out, HasSubstr("Usage: w2s test"));
  EXPECT_THAT(console.out, HasSubstr("--gpu-layers N"));
  EXPECT_THAT(console.out, HasSubstr("(default: -1)"));
  EXPECT_THAT(console.out, HasSubstr("(required)"));
  EXPECT_THAT(console.out, HasSubstr("Example:\n  w2s test -m model.gguf"));
}

class ConfigFile : public ::testing::Test {
 protected:
  Arguments with_config(const std::string& content) {
    write_file(folder_ / "study.toml", content);
    return {"--config", (folder_ / "study.toml").string()};
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(ConfigFile, GivesOptionsOfEveryKind) {
  StudyCommand options;
  ASSERT_TRUE(
      options.parse(with_config("model = \"a #1.gguf\"  # a comment\n"
                                "data = [\"x.jsonl\", \"y.jsonl\"]\n"
                                "multipliers = [-1, 0, 1.5]\n"
                                "layers = \"0-3\"\n"
                                "quiet = true\n"
                                "seed = 7\n")));
  EXPECT_EQ(options.study.model, "a #1.gguf");
  EXPECT_THAT(options.study.data, ElementsAre("x.jsonl", "y.jsonl"));
  EXPECT_THAT(options.study.multipliers, ElementsAre(-1.0F, 0.0F, 1.5F));
  EXPECT_EQ(options.study.layers.text(), "0-3");
  EXPECT_TRUE(options.quiet);
  EXPECT_EQ(options.study.seed, 7U);
}

TEST_F(ConfigFile, GivesWayToTheCommandLine) {
  StudyCommand options;
  const auto arguments = with_required(with_config("seed = 7\nmodel = \"other.gguf\"\n"));
  ASSERT_TRUE(options.parse(arguments));
  EXPECT_EQ(options.study.model, "model.gguf");
  EXPECT_EQ(options.study.seed, 7U);
}

TEST_F(ConfigFile, NamesTheLineOfAnUnknownKey) {
  const auto error = error_of(with_required(with_config("seed = 7\nsede = 8\n")));
  EXPECT_THAT(error, HasSubstr("line 2"));
  EXPECT_THAT(error, HasSubstr("'sede'"));
}

TEST_F(ConfigFile, NamesTheLineOfASyntaxError) {
  EXPECT_THAT(error_of(with_required(with_config("seed = 7\nlimit = = 8\n"))), HasSubstr("line 2"));
}

TEST_F(ConfigFile, MayNotBeMissing) {
  EXPECT_THAT(error_of(with_required({"--config", "no-such.toml"})), HasSubstr("no-such.toml"));
}

TEST(Wrap, BreaksAtSpaces) {
  EXPECT_THAT(wrap("one two three four", 9), ElementsAre("one two", "three", "four"));
  EXPECT_THAT(wrap("incomprehensibilities are long", 10), ElementsAre("incomprehensibilities", "are long"));
  EXPECT_THAT(wrap("a b c d e f g h i j k l m", 7), Each(SizeIs(Le(7U))));
}

}  // namespace
}  // namespace w2s::cli
