#include "w2s/base.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/cluster/launcher.h"
#include "base/cluster/mpi_process.h"

namespace w2s {

Cluster join_cluster() {
  const auto processes = cluster::launched_processes([](const char* name) -> const char* { return std::getenv(name); });
  if (processes == 1) return {};
  if (!cluster::has_mpi()) {
    throw Error(ErrorKind::usage,
                fmt::format("{} processes were started together, but this w2s was built without MPI: they would do the "
                            "same work; start one, or build with -DW2S_MPI=ON ('make mpi')",
                            processes));
  }
  auto joined = cluster::join_with_mpi();
  if (joined.ranks->share().is_whole()) {
    throw Error(ErrorKind::usage,
                fmt::format("{} processes were started together, but MPI finds no other than this one: start them with "
                            "the mpirun of the MPI that w2s was built with, or with 'srun --mpi=pmix'",
                            processes));
  }
  return joined;
}

int leave_cluster(int exit_code) noexcept { return cluster::leave_mpi(exit_code); }

}  // namespace w2s
