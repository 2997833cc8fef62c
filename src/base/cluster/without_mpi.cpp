#include "base/cluster/mpi_process.h"

namespace w2s::cluster {

bool has_mpi() noexcept { return false; }

Cluster join_with_mpi() { return {}; }

int leave_mpi(int exit_code) noexcept { return exit_code; }

}  // namespace w2s::cluster
