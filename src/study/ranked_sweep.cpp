#include "study/ranked_sweep.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "w2s/base.h"

namespace w2s {

namespace fs = std::filesystem;

RankedSweep::RankedSweep(BehaviorFolder folder, SweepStoreHeader header, Ranks& ranks)
    : folder_(std::move(folder)), header_(std::move(header)), ranks_(&ranks) {
  if (!ranks.is_first()) return;
  open();
  for (const auto& left_behind : folder_.sweeps_of_ranks()) take_in(left_behind);
}

void RankedSweep::open() { store_ = SweepStore::open(folder_.sweep(), header_); }

void RankedSweep::take_in(const fs::path& sweep_of_rank) {
  store_->merge(sweep_of_rank);
  // With what a crash may have left: a log without its file would be taken for that of the next one.
  for (const auto* rest : {"", "-wal", "-shm"}) fs::remove(fs::path(sweep_of_rank) += rest);
}

void RankedSweep::together(const Work& work, const Job& job) {
  const auto [rank, count] = ranks_->share();
  if (count == 1) {
    work(*store_, *store_);
    return;
  }
  // SQLite's write-ahead log works on one machine alone: closed, the store can be read on all of them.
  store_.reset();
  ranks_->meet(job);
  {
    const auto measured = SweepStore::read(folder_.sweep());
    auto own = SweepStore::open(folder_.sweep_of_rank(rank), header_);
    work(measured, own);
  }
  ranks_->meet(job);
  if (!ranks_->is_first()) return;
  open();
  for (std::size_t other = 0; other < count; ++other) {
    const auto path = folder_.sweep_of_rank(other);
    if (!fs::exists(path)) {
      throw Error(ErrorKind::results, fmt::format("{}: rank {} wrote it, and the first rank does not see it; all of "
                                                  "them need the same file system",
                                                  path.string(), other));
    }
    take_in(path);
  }
}

}  // namespace w2s
