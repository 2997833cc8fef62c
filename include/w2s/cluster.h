// The processes that mpirun (or Slurm's srun) started together, on one machine or several.
#pragma once

#include <memory>
#include <string>

#include "w2s/ranks.h"

namespace w2s {

/// This process among the others.
struct Cluster {
  std::unique_ptr<Ranks> ranks = std::make_unique<SingleRank>();
  std::string name = {};     ///< "rank 1 of 4 on node17"; empty for a process by itself
  int threads = 0;           ///< this rank's part of its machine's cores; 0 for a process by itself
  std::string warning = {};  ///< what is wrong with how the ranks were started, for a person; mostly empty
};

/// Joins the processes that were started together, where there are several: waits until all have come here. Call it
/// once, and leave_cluster at the end. Throws Error{usage} if several were started and this program cannot find the
/// others: it was built without MPI, or the launcher is that of another MPI.
[[nodiscard]] Cluster join_cluster();

/// The end of a process that may have joined others: after a failure (any code but 0) it ends them too, because they
/// would wait for it forever. Returns the code. Not to be called before everything is closed: it may not return.
int leave_cluster(int exit_code) noexcept;

}  // namespace w2s
