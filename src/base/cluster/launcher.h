// What started this process, as its environment tells.
#pragma once

#include <cstddef>
#include <functional>

namespace w2s::cluster {

/// The value of an environment variable; null where it is not set.
using Environment = std::function<const char*(const char* name)>;

/// How many processes an MPI launcher (Open MPI's or MPICH's mpirun, Slurm's srun) says it started together; 1 where
/// there was none.
[[nodiscard]] std::size_t launched_processes(const Environment& environment);

}  // namespace w2s::cluster
