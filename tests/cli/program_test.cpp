#include "cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/recording_console.h"
#include "w2s/base.h"

namespace w2s::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Outcome run(const Arguments& arguments) {
  test::RecordingConsole console;
  const int exit_code = run_program(arguments, console.console());
  return {exit_code, console.out, console.err};
}

class EveryCommand : public ::testing::TestWithParam<Command> {
 protected:
  static std::string name() { return std::string(GetParam().name); }
};

TEST_P(EveryCommand, ExplainsItselfWithAnExample) {
  const auto outcome = run({name(), "--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("Usage: w2s " + name()));
  EXPECT_THAT(outcome.out, HasSubstr("Example:\n  w2s " + name()));
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_EQ(run({"help", name()}).out, outcome.out);
}

TEST_P(EveryCommand, HasHelpThatFitsAPage) {
  const auto help = run({name(), "--help"}).out;
  for (std::size_t begin = 0; begin < help.size();) {
    const auto end = std::min(help.find('\n', begin), help.size());
    EXPECT_LE(end - begin, 110U) << help.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST_P(EveryCommand, RefusesAnUnknownOptionByName) {
  const auto outcome = run({name(), "--no-such-option"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, StartsWith("error: "));
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
}

class CommandWithInput : public EveryCommand {};

std::vector<Command> commands_with_input() {
  std::vector<Command> all(commands().begin(), commands().end());
  std::erase_if(all, [](const auto& command) { return command.name == "example1" || command.name == "rpc-server"; });
  return all;
}

TEST_P(CommandWithInput, RefusesToStartWithoutIt) {
  const auto outcome = run({name()});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("is required"));
}

// As a test's name may be: "rpc_server".
std::string name_of_test(const ::testing::TestParamInfo<Command>& command) {
  std::string name(command.param.name);
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Program, EveryCommand, ::testing::ValuesIn(commands().begin(), commands().end()),
                         name_of_test);
INSTANTIATE_TEST_SUITE_P(Program, CommandWithInput, ::testing::ValuesIn(commands_with_input()), name_of_test);

TEST(Program, ListsItsCommands) {
  const auto outcome = run({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const auto& command : commands()) EXPECT_THAT(outcome.out, HasSubstr(std::string(command.name)));
}

TEST(Program, TellsItsVersions) {
  const auto outcome = run({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, StartsWith("w2s "));
  EXPECT_THAT(outcome.out, HasSubstr("llama.cpp "));
}

TEST(Program, RefusesAnUnknownCommand) {
  const auto outcome = run({"swep"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("'swep'"));
}

TEST(Program, RefusesToRunWithoutACommand) { EXPECT_EQ(run({}).exit_code, 2); }

TEST(Program, RefusesAnUnknownFormatAndNamesTheOnesThereAre) {
  const auto outcome = run({"eval", "folder", "--format", "xml"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--format"));
  EXPECT_THAT(outcome.err, HasSubstr("jsonl"));
}

TEST(Program, RefusesAnUnknownMethodAndNamesTheOnesThereAre) {
  const auto outcome = run({"vectors", "-m", "m", "--data", "d", "-o", "o", "--method", "magic"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("unknown method 'magic'; there are: caa, pca, logistic, oracle, l2s, cast"));
}

TEST(Program, RefusesAnOutputFolderThatIsNotThereBeforeItWorks) {
  const auto outcome = run({"vectors", "-m", "m", "--data", "d", "-o", "no-such-folder/v.gguf"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("no-such-folder"));
}

TEST(Program, EndsQuietlyWhenNobodyReadsItsOutput) {
  std::string err;
  const Console console{.out = [](std::string_view) { throw OutputClosed(); },
                        .err = [&err](std::string_view text) { err += text; }};
  EXPECT_EQ(run_program({"--help"}, console), 0);
  EXPECT_THAT(err, IsEmpty());
}

TEST(Program, FailsWhenItsOutputCannotBeWritten) {
  std::string err;
  const Console console{.out = [](std::string_view) { throw Error(ErrorKind::io, "the disk is full"); },
                        .err = [&err](std::string_view text) { err += text; }};
  EXPECT_EQ(run_program({"--help"}, console), 2);
  EXPECT_EQ(err, "error: the disk is full\n");
}

TEST(Program, TurnsEveryOtherExceptionIntoOneLineAndExitCodeOne) {
  std::string err;
  const auto console_throwing = [&err](const auto& exception) {
    return Console{.out = [exception](std::string_view) { throw exception; },
                   .err = [&err](std::string_view text) { err += text; }};
  };
  EXPECT_EQ(run_program({"--help"}, console_throwing(std::runtime_error("two\nlines"))), 1);
  EXPECT_EQ(err, "error: two lines\n");
  err.clear();
  EXPECT_EQ(run_program({"--help"}, console_throwing(std::bad_alloc())), 1);
  EXPECT_EQ(err, "error: out of memory\n");
}

}  // namespace
}  // namespace w2s::cli
