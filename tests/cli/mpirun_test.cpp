// `mpirun -n N w2s run` from the outside; skipped where there is no mpirun, or no MPI in the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/small_study.h"
#include "w2s/base.h"
#include "w2s/study.h"
#include "w2s/sweep.h"

namespace w2s::test {
namespace {

namespace fs = std::filesystem;

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

bool is_installed(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((fs::path(folder) / program).c_str(), X_OK) == 0) return true;
  return false;
}

// Those that a process started itself, and those that they did.
std::vector<pid_t> descendants_of(pid_t process) {
  std::vector<pid_t> found;
  const auto folder = fs::path("/proc") / std::to_string(process) / "task" / std::to_string(process) / "children";
  std::ifstream children(folder);
  for (pid_t child = 0; children >> child;) {
    found.push_back(child);
    const auto further = descendants_of(child);
    found.insert(found.end(), further.begin(), further.end());
  }
  return found;
}

bool is_rank(pid_t process, std::size_t rank) {
  std::ifstream file("/proc/" + std::to_string(process) + "/environ", std::ios::binary);
  const std::string environment{std::istreambuf_iterator<char>(file), {}};
  return environment.find(std::string("\0OMPI_COMM_WORLD_RANK=", 22) + std::to_string(rank) + '\0') !=
         std::string::npos;
}

class Mpirun : public SmallStudy {
 protected:
  void SetUp() override {
    if (!is_installed("mpirun")) GTEST_SKIP() << "there is no mpirun";
    SmallStudy::SetUp();
    // In a container the only user is root, and the only machine has fewer cores than a test has ranks.
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    ::setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 1);
    // Open MPI itself does not free everything.
    const char* sanitizer = std::getenv("ASAN_OPTIONS");
    ::setenv("ASAN_OPTIONS", ((sanitizer == nullptr ? "" : std::string(sanitizer) + ":") + "detect_leaks=0").c_str(),
             1);
    if (on_ranks(2, {"run", "--help"}).err.find("built without MPI") != std::string::npos)
      GTEST_SKIP() << "this w2s was built without MPI";
  }

  [[nodiscard]] ProcessResult on_ranks(std::size_t ranks, const std::vector<std::string>& arguments,
                                       ProcessOptions options = {}) const {
    options.launcher = {"mpirun", "-n", std::to_string(ranks), "--bind-to", "none"};
    return w2s(arguments, options);
  }

  // `w2s run` with few steps of training.
  [[nodiscard]] std::vector<std::string> into(std::string_view folder,
                                              const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = run_arguments(more);
    *(std::ranges::find(arguments, "-o") + 1) = path(folder);
    return arguments;
  }

  [[nodiscard]] std::string results(std::string_view folder) const {
    return read_file(path(std::string(folder) + "/results.json"));
  }

  [[nodiscard]] BehaviorFolder review(std::string_view folder) const { return {fs::path(path(folder)) / "review"}; }
};

TEST_F(Mpirun, GivesTheResultsOfOneProcess) {
  write("review.toml", "positive = \"You like everything.\"\nnegative = \"You like nothing.\"\n");
  const auto alone = w2s(into("alone", {"--variants", "BASE,USER.NEG"}));
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  for (const std::size_t ranks : {1, 2, 3}) {
    const auto folder = "results" + std::to_string(ranks);
    const auto result = on_ranks(ranks, into(folder, {"--variants", "BASE,USER.NEG"}));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(results(folder), results("alone")) << ranks;
    EXPECT_THAT(review(folder).sweeps_of_ranks(), IsEmpty());
  }
}

TEST_F(Mpirun, PrintsEverythingOnce) {
  const auto result = on_ranks(2, into("results"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto first = result.out.find("Results are in ");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(result.out.find("Results are in ", first + 1), std::string::npos);
  EXPECT_THAT(result.err, HasSubstr("sweep (part 1 of 2) 15/15 samples"));
  EXPECT_THAT(result.err, Not(HasSubstr("part 2 of 2")));
}

TEST_F(Mpirun, SaysOnceWhatAllRanksFailAt) {
  fs::remove(path("model.gguf"));
  const auto result = on_ranks(2, into("results"));
  EXPECT_EQ(result.exit_code, 2) << result.err;
  const auto first = result.err.find("error: rank 0 of 2 on ");
  EXPECT_NE(first, std::string::npos) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("error: rank 1")));
}

TEST_F(Mpirun, SaysWhichRankFailedAndEndsTheOthers) {
  auto arguments = into("results");
  const auto of_the_second = into("results", {"--multipliers", "-1,1"});
  arguments.insert(arguments.end(), {":", "-n", "1", w2s_program()});
  arguments.insert(arguments.end(), of_the_second.begin(), of_the_second.end());
  const auto result = on_ranks(1, arguments);
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, ContainsRegex("error: rank 1 of 2 on .*made with multipliers = "));
  EXPECT_FALSE(exists("results/results.json"));
}

TEST_F(Mpirun, LosesNothingWhenARankIsKilled) {
  constexpr std::size_t samples_in_all = 300;
  write("review.jsonl", samples(samples_in_all));
  const auto alone = w2s(into("alone", {"--quiet"}));
  ASSERT_EQ(alone.exit_code, 0) << alone.err;

  ProcessOptions options;
  options.meanwhile = [&](int launcher) {
    const auto store = review("results").sweep_of_rank(1);
    if (!fs::exists(store) || fs::file_size(store) == 0) return false;
    try {
      if (SweepStore::read(store).records().size() < 5) return false;
    } catch (const Error&) {
      return false;  // it is being made
    }
    for (const pid_t process : descendants_of(launcher))
      if (is_rank(process, 1)) return ::kill(process, SIGKILL) == 0;
    return false;
  };
  const auto killed = on_ranks(2, into("results", {"--quiet", "-t", "1"}), options);
  EXPECT_NE(killed.exit_code, 0);
  EXPECT_THAT(killed.err, HasSubstr("rank 1"));
  EXPECT_FALSE(exists("results/results.json"));
  std::size_t kept = 0;
  for (const auto& store : review("results").sweeps_of_ranks()) kept += SweepStore::read(store).records().size();
  EXPECT_GE(kept, 5U);
  EXPECT_LT(kept, samples_in_all);

  const auto again = on_ranks(3, into("results"));
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("sweep (part 1 of 3) " + std::to_string(kept) + "/"));
  EXPECT_EQ(results("results"), results("alone"));
  EXPECT_THAT(review("results").sweeps_of_ranks(), IsEmpty());
}

}  // namespace
}  // namespace w2s::test
