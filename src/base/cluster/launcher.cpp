#include "base/cluster/launcher.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <system_error>

namespace w2s::cluster {
namespace {

// Slurm's is that of a step: in a batch script, which is one process, SLURM_NTASKS counts what the script may start.
constexpr std::array variables = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"};

std::size_t count_in(const char* text) {
  if (text == nullptr) return 1;
  const std::string_view digits = text;
  std::size_t count = 1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return error == std::errc() && end == digits.data() + digits.size() ? count : 1;
}

}  // namespace

std::size_t launched_processes(const Environment& environment) {
  std::size_t processes = 1;
  for (const auto* variable : variables) processes = std::max(processes, count_in(environment(variable)));
  return processes;
}

}  // namespace w2s::cluster
