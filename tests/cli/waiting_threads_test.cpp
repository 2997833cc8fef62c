// How long OpenMP's threads spin while they wait, which the program decides when it starts.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "cli/small_study.h"

namespace w2s::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// Needs Linux's /proc.
std::string environment_of(int process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/environ", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class WaitingThreads : public SmallStudy {
 protected:
  // The last environment that was seen while a study ran.
  [[nodiscard]] std::string environment_of_run(const std::vector<std::string>& launcher) const {
    std::string seen;
    const auto result = w2s(run_arguments({"--quiet"}), {.launcher = launcher, .meanwhile = [&](int process) {
                                                           auto now = environment_of(process);
                                                           if (!now.empty()) seen = std::move(now);
                                                           return false;
                                                         }});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return seen;
  }
};

TEST_F(WaitingThreads, SpinForAShortTime) {
  EXPECT_THAT(environment_of_run({"env", "-u", "GOMP_SPINCOUNT", "-u", "OMP_WAIT_POLICY"}),
              HasSubstr("GOMP_SPINCOUNT=1000"));
}

TEST_F(WaitingThreads, SpinAsTheUserSays) {
  const auto seen = environment_of_run({"env", "-u", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY=active"});
  EXPECT_THAT(seen, HasSubstr("OMP_WAIT_POLICY=active"));
  EXPECT_THAT(seen, Not(HasSubstr("GOMP_SPINCOUNT")));
}

}  // namespace
}  // namespace w2s::test
