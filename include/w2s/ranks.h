// Several processes that share one job, seen from one of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "w2s/job.h"

namespace w2s {

/// A part of a job that is divided into as many parts as there are ranks. Pieces of work go round: they are independent
/// of each other, and neighbours in a file are often alike in length.
struct Share {
  std::size_t rank = 0;  ///< counts from 0
  std::size_t of = 1;

  [[nodiscard]] bool has(std::size_t piece) const noexcept { return piece % of == rank; }
  [[nodiscard]] bool is_whole() const noexcept { return of == 1; }
};

/// The job as a rank does its share of it: stages say which part that is. The returned job must not outlive `job`.
[[nodiscard]] Job part_of(const Job& job, Share share);

/// The processes that share a job ("ranks", as MPI calls them). What they find they exchange through files in a folder
/// that all of them see; this is how they wait for each other. Every rank calls the same functions in the same order
/// and from one thread. A rank that fails leaves the others waiting: whoever started them has to end them.
class Ranks {
 public:
  Ranks() = default;
  virtual ~Ranks() = default;
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  [[nodiscard]] virtual Share share() const = 0;
  /// Waits until all ranks are here, and gives each the sum of their values. Throws Error{interrupted} when the job is
  /// stopped while it waits.
  [[nodiscard]] virtual std::uint64_t sum(std::uint64_t value, const Job& job) = 0;

  /// Whether this is the rank that does what cannot be divided.
  [[nodiscard]] bool is_first() const { return share().rank == 0; }
  /// Waits until all ranks are here: each then sees the files that another wrote before.
  void meet(const Job& job) { static_cast<void>(sum(0, job)); }
  /// What the first rank says, on all of them.
  [[nodiscard]] bool first_says(bool value, const Job& job) { return sum(is_first() && value ? 1 : 0, job) != 0; }
};

/// A process by itself, which waits for nobody.
class SingleRank final : public Ranks {
 public:
  [[nodiscard]] Share share() const override { return {}; }
  [[nodiscard]] std::uint64_t sum(std::uint64_t value, const Job& /*job*/) override { return value; }
};

}  // namespace w2s
