#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/help_formatter.h"
#include "cli/options.h"
#include "cli/recording_console.h"
#include "support/temporary_folder.h"
#include "w2s/error.h"
#include "w2s/file.h"

namespace w2s::cli {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::SizeIs;

// A command with the options that the others share.
struct SharedOptions {
  ModelArguments model;
  DataArguments data;
  GridArguments grid;
  VariantArguments variants;
  PredictorArguments predictor;
  GeneralOptions general;

  bool parse(const Arguments& arguments) {
    test::RecordingConsole console;
    CommandLine line("test", "A command for tests.", "w2s test");
    model.add_to(line);
    data.add_to(line);
    grid.add_to(line);
    variants.add_to(line);
    predictor.add_to(line);
    general.add_seed_to(line, "nothing");
    general.add_threads_to(line);
    general.add_quiet_to(line);
    return line.parse(arguments, console.console());
  }
};

Arguments with_required(Arguments arguments) {
  arguments.insert(arguments.end(), {"-m", "model.gguf", "--data", "data.jsonl"});
  return arguments;
}

std::string error_of(const Arguments& arguments) {
  SharedOptions options;
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
  SharedOptions options;
  ASSERT_TRUE(options.parse({"-m", "a b.gguf", "--data", "x", "-ngl", "7", "-t", "3", "-c", "512", "-s", "42"}));
  EXPECT_EQ(options.model.model, "a b.gguf");
  EXPECT_EQ(options.model.gpu_layers, 7);
  EXPECT_EQ(options.model.context, 512U);
  EXPECT_EQ(options.general.threads, 3);
  EXPECT_EQ(options.general.seed, 42U);
}

TEST(CommandLine, TakesNegativeNumbersAsValues) {
  SharedOptions options;
  ASSERT_TRUE(options.parse(with_required({"--multipliers", "-1,0,1", "-ngl", "-1"})));
  EXPECT_THAT(options.grid.parsed_multipliers(), ElementsAre(-1.0F, 0.0F, 1.0F));
  EXPECT_EQ(options.model.gpu_layers, -1);
}

TEST(CommandLine, TakesNegativeNumbersAfterAnEqualsSign) {
  SharedOptions options;
  ASSERT_TRUE(options.parse(with_required({"--multipliers=-1.5,1.5"})));
  EXPECT_THAT(options.grid.parsed_multipliers(), ElementsAre(-1.5F, 1.5F));
}

TEST(CommandLine, TakesSeveralDataSources) {
  SharedOptions options;
  ASSERT_TRUE(options.parse({"--data", "a", "b", "--data", "c", "-m", "model.gguf"}));
  EXPECT_THAT(options.data.sources, ElementsAre("a", "b", "c"));
}

TEST(CommandLine, TakesListsWithCommasAndByRepetition) {
  SharedOptions options;
  ASSERT_TRUE(options.parse(with_required(
      {"--top-k", "1,3", "--behavior", "x", "--behavior", "y", "--layers", "0-3,7", "--learning-rates", "0.1,1e-3"})));
  EXPECT_THAT(options.predictor.top_k, ElementsAre(1U, 3U));
  EXPECT_THAT(options.data.behaviors, ElementsAre("x", "y"));
  EXPECT_EQ(options.grid.layer_list(), "0-3,7");
  EXPECT_THAT(options.predictor.options.grid.learning_rates, ElementsAre(0.1, 1e-3));
}

TEST(CommandLine, TakesOneOrBothObjectives) {
  SharedOptions options;
  ASSERT_TRUE(options.parse(with_required({"--objective", "cross-entropy,expected-steerability"})));
  EXPECT_THAT(options.predictor.parsed_objectives(),
              ElementsAre(Objective::cross_entropy, Objective::expected_steerability));
  EXPECT_THAT(error_of(with_required({"--objective", "hinge"})),
              AllOf(HasSubstr("--objective"), HasSubstr("expected-steerability")));
}

TEST(CommandLine, HasTheDefaultsOfTheLibrary) {
  SharedOptions options;
  ASSERT_TRUE(options.parse(with_required({})));
  EXPECT_EQ(options.grid.layer_list(), "");
  EXPECT_THAT(options.grid.parsed_multipliers(), SizeIs(7));
  EXPECT_THAT(options.variants.variants(), ElementsAre(PromptVariant::base));
  EXPECT_THAT(options.predictor.parsed_objectives(), ElementsAre(Objective::cross_entropy));
  EXPECT_EQ(options.predictor.predictor_options(options.general).folds, PredictorOptions().folds);
}

TEST(CommandLine, UnderstandsAllVariants) {
  SharedOptions options;
  ASSERT_TRUE(options.parse(with_required({"--variants", "all"})));
  EXPECT_THAT(options.variants.variants(), SizeIs(5));
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
  ModelArguments model;
  CommandLine line("test", "A command for tests.", "w2s test -m model.gguf");
  model.add_to(line);
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
  SharedOptions options;
  ASSERT_TRUE(
      options.parse(with_config("model = \"a #1.gguf\"  # a comment\n"
                                "data = [\"x.jsonl\", \"y.jsonl\"]\n"
                                "multipliers = [-1, 0, 1.5]\n"
                                "layers = \"0-3\"\n"
                                "quiet = true\n"
                                "seed = 7\n")));
  EXPECT_EQ(options.model.model, "a #1.gguf");
  EXPECT_THAT(options.data.sources, ElementsAre("x.jsonl", "y.jsonl"));
  EXPECT_THAT(options.grid.parsed_multipliers(), ElementsAre(-1.0F, 0.0F, 1.5F));
  EXPECT_EQ(options.grid.layer_list(), "0-3");
  EXPECT_TRUE(options.general.quiet);
  EXPECT_EQ(options.general.seed, 7U);
}

TEST_F(ConfigFile, GivesWayToTheCommandLine) {
  SharedOptions options;
  const auto arguments = with_required(with_config("seed = 7\nmodel = \"other.gguf\"\n"));
  ASSERT_TRUE(options.parse(arguments));
  EXPECT_EQ(options.model.model, "model.gguf");
  EXPECT_EQ(options.general.seed, 7U);
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
