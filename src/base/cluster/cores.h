// The cores of a machine, and which of them a process may use.
#pragma once

#include <bitset>
#include <cstddef>
#include <span>

namespace w2s::cluster {

/// By the system's numbers. As many as sched.h's cpu_set_t has.
using Cores = std::bitset<1024>;

/// Those that this process was bound to.
[[nodiscard]] Cores bound_cores();

/// Those that it could be bound to: not what its launcher left it, but what the machine, or its part of it, has.
[[nodiscard]] std::size_t available_cores();

/// How many threads a rank takes, given the cores of all ranks on its machine: ranks that may use the same cores divide
/// them. At least 1.
[[nodiscard]] std::size_t threads_of_rank(std::span<const Cores> ranks_on_machine, std::size_t rank_on_machine);

}  // namespace w2s::cluster
