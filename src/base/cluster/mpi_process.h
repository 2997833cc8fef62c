// What of MPI is needed, with it or without: with_mpi.cpp and without_mpi.cpp, of which the build takes one.
#pragma once

#include "w2s/base.h"

namespace w2s::cluster {

/// Whether the program was built with MPI.
[[nodiscard]] bool has_mpi() noexcept;

/// All processes that MPI knows of; waits for them. May be just this one.
[[nodiscard]] Cluster join_with_mpi();

/// As leave_cluster.
int leave_mpi(int exit_code) noexcept;

}  // namespace w2s::cluster
