#include "base/cluster/cores.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace w2s::cluster {

static_assert(Cores().size() == CPU_SETSIZE);

Cores bound_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  Cores cores;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (std::size_t core = 0; core < cores.size(); ++core) cores[core] = CPU_ISSET(core, &set);
  return cores;
}

// The system has no question for it: a thread that asks for all cores is given those that there are.
std::size_t available_cores() {
  std::size_t available = 0;
  std::jthread([&available] {
    cpu_set_t all;
    CPU_ZERO(&all);
    for (std::size_t core = 0; core < CPU_SETSIZE; ++core) CPU_SET(core, &all);
    ::sched_setaffinity(0, sizeof all, &all);
    available = bound_cores().count();
  }).join();
  return available;
}

std::size_t threads_of_rank(std::span<const Cores> ranks_on_machine, std::size_t rank_on_machine) {
  const auto& own = ranks_on_machine[rank_on_machine];
  const auto sharing = static_cast<std::size_t>(
      std::ranges::count_if(ranks_on_machine, [&](const Cores& other) { return (other & own).any(); }));
  return std::max<std::size_t>(1, own.count() / std::max<std::size_t>(1, sharing));
}

}  // namespace w2s::cluster
