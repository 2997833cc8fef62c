// A behaviour's sweep, to which several ranks add.
#pragma once

#include <functional>
#include <optional>

#include "w2s/base.h"
#include "w2s/study.h"
#include "w2s/sweep.h"

namespace w2s {

/// Each rank sweeps into a file of its own, because SQLite cannot let several machines write one; the first rank merges
/// them into the behaviour's store. A process by itself writes there at once. Files that ranks of an earlier run left
/// behind are merged at the beginning, whatever their number was.
class RankedSweep {
 public:
  /// Both as SweepStore::open. `ranks` must outlive this.
  RankedSweep(BehaviorFolder folder, SweepStoreHeader header, Ranks& ranks);

  /// Sweeps this rank's share: `measured` is what was there before, the same for all ranks.
  using Work = std::function<void(const SweepStore& measured, SweepStore& own)>;
  /// Has every rank do its share. Afterwards the first rank's store has all of it.
  void together(const Work& work, const Job& job);

  /// Of the first rank alone.
  [[nodiscard]] SweepStore& store() { return *store_; }

 private:
  void open();
  void take_in(const std::filesystem::path& sweep_of_rank);

  BehaviorFolder folder_;
  SweepStoreHeader header_;
  Ranks* ranks_;
  std::optional<SweepStore> store_;  // of the first rank, but for when all work
};

}  // namespace w2s
