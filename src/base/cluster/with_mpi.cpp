#include <fmt/format.h>
#include <mpi.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/cluster/cores.h"
#include "base/cluster/mpi_process.h"

namespace w2s::cluster {
namespace {

// A blocking call of MPI keeps a core busy for as long as it waits, and does not hear of a stop.
constexpr auto poll_interval = std::chrono::milliseconds(5);

class MpiRanks final : public Ranks {
 public:
  explicit MpiRanks(Share share) : share_(share) {}

  [[nodiscard]] Share share() const override { return share_; }

  [[nodiscard]] std::uint64_t sum(std::uint64_t value, const Job& job) override {
    value_ = value;
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Iallreduce(&value_, &sum_, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD, &request);
    for (int is_done = 0;;) {
      MPI_Test(&request, &is_done, MPI_STATUS_IGNORE);
      if (is_done != 0) return sum_;
      job.check_stop();
      std::this_thread::sleep_for(poll_interval);
    }
  }

 private:
  Share share_;
  // Here because MPI may still write them when a stopped job has given up waiting.
  std::uint64_t value_ = 0;
  std::uint64_t sum_ = 0;
};

Share share_in(MPI_Comm communicator) {
  int rank = 0;
  int count = 0;
  MPI_Comm_rank(communicator, &rank);
  MPI_Comm_size(communicator, &count);
  return {.rank = static_cast<std::size_t>(rank), .of = static_cast<std::size_t>(count)};
}

std::string machine_name() {
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  int length = 0;
  MPI_Get_processor_name(name.data(), &length);
  return {name.data(), static_cast<std::size_t>(length)};
}

// The ranks of this machine among all, as each of them was bound.
struct MachineRanks {
  std::vector<Cores> cores;
  std::size_t own = 0;
};

MachineRanks ranks_of_machine() {
  MPI_Comm machine = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
  const auto share = share_in(machine);
  MachineRanks ranks{.cores = std::vector<Cores>(share.of), .own = share.rank};
  const auto own = bound_cores();
  static_assert(std::is_trivially_copyable_v<Cores>);
  MPI_Allgather(&own, sizeof own, MPI_BYTE, ranks.cores.data(), sizeof own, MPI_BYTE, machine);
  MPI_Comm_free(&machine);
  return ranks;
}

std::string warning_of(std::size_t threads, std::size_t ranks_on_machine) {
  const auto cores = available_cores();
  if ((threads + 1) * ranks_on_machine > cores) return {};
  return fmt::format(
      "each of {} ranks on this machine is bound to {} of its {} cores; 'mpirun --bind-to none' lets them use all",
      ranks_on_machine, threads, cores);
}

}  // namespace

bool has_mpi() noexcept { return true; }

Cluster join_with_mpi() {
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  const auto share = share_in(MPI_COMM_WORLD);
  if (share.of == 1) return {};
  const auto machine = ranks_of_machine();
  const auto threads = threads_of_rank(machine.cores, machine.own);
  return {.ranks = std::make_unique<MpiRanks>(share),
          .name = fmt::format("rank {} of {} on {}", share.rank, share.of, machine_name()),
          .threads = static_cast<int>(threads),
          .warning = warning_of(threads, machine.cores.size())};
}

int leave_mpi(int exit_code) noexcept {
  int has_joined = 0;
  int has_left = 0;
  MPI_Initialized(&has_joined);
  MPI_Finalized(&has_left);
  if (has_joined == 0 || has_left != 0) return exit_code;
  if (exit_code != 0) MPI_Abort(MPI_COMM_WORLD, exit_code);
  MPI_Finalize();
  return exit_code;
}

}  // namespace w2s::cluster
