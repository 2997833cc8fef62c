#include "base/cluster/launcher.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace w2s::cluster {
namespace {

std::size_t processes(const std::map<std::string, std::string>& variables) {
  return launched_processes([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Launcher, IsNoneWhereNothingSaysSo) { EXPECT_EQ(processes({{"PATH", "/usr/bin"}}), 1U); }

TEST(Launcher, TellsHowManyItStarted) {
  EXPECT_EQ(processes({{"OMPI_COMM_WORLD_SIZE", "4"}}), 4U);
  EXPECT_EQ(processes({{"PMI_SIZE", "3"}}), 3U);
  EXPECT_EQ(processes({{"SLURM_STEP_NUM_TASKS", "16"}}), 16U);
}

TEST(Launcher, InsideAnAllocationIsTheInnermost) {
  EXPECT_EQ(processes({{"SLURM_STEP_NUM_TASKS", "1"}, {"OMPI_COMM_WORLD_SIZE", "8"}}), 8U);
}

TEST(Launcher, IsNotABatchScriptThatMayStartSeveral) { EXPECT_EQ(processes({{"SLURM_NTASKS", "8"}}), 1U); }

TEST(Launcher, IsNotReadFromWhatIsNoNumber) {
  EXPECT_EQ(processes({{"PMI_SIZE", "many"}}), 1U);
  EXPECT_EQ(processes({{"PMI_SIZE", ""}}), 1U);
  EXPECT_EQ(processes({{"PMI_SIZE", "2x"}}), 1U);
}

}  // namespace
}  // namespace w2s::cluster
