#include "base/parallel.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "w2s/base.h"

namespace w2s {
namespace {

// What the workers and the calling thread tell each other.
class TaskBoard {
 public:
  explicit TaskBoard(std::size_t tasks) : tasks_(tasks) {}

  [[nodiscard]] std::optional<std::size_t> take() {
    const std::lock_guard lock(mutex_);
    if (next_ >= tasks_) return std::nullopt;
    return next_++;
  }

  void finish() {
    const std::lock_guard lock(mutex_);
    ++finished_;
    changed_.notify_one();
  }

  void fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    next_ = tasks_;
    changed_.notify_one();
  }

  void cancel() {
    const std::lock_guard lock(mutex_);
    next_ = tasks_;
  }

  // The number of finished tasks once it is above `seen`, or what it is when a stop is requested. Throws what a task
  // threw.
  [[nodiscard]] std::size_t wait(std::size_t seen, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return finished_ > seen || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    return finished_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  const std::size_t tasks_;
  std::size_t next_ = 0;
  std::size_t finished_ = 0;
  std::exception_ptr failure_;
};

// Cancels what has not begun when the calling thread leaves, by whatever way, so that the workers can be joined.
class CancelOnExit {
 public:
  explicit CancelOnExit(TaskBoard& board) : board_(board) {}
  ~CancelOnExit() { board_.cancel(); }
  CancelOnExit(const CancelOnExit&) = delete;
  CancelOnExit& operator=(const CancelOnExit&) = delete;

 private:
  TaskBoard& board_;
};

void work(TaskBoard& board, std::size_t worker, const std::function<void(std::size_t, std::size_t)>& task,
          const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto index = board.take();
    if (!index) return;
    try {
      task(worker, *index);
      board.finish();
    } catch (...) {
      board.fail(std::current_exception());
    }
  }
}

}  // namespace

std::size_t thread_count(int asked) {
  if (asked < 0) throw Error(ErrorKind::usage, fmt::format("the number of threads cannot be {}", asked));
  return asked > 0 ? static_cast<std::size_t>(asked) : std::max(1U, std::thread::hardware_concurrency());
}

void run_parallel(Progress progress, std::size_t threads, const std::function<void(std::size_t, std::size_t)>& task,
                  const Job& job) {
  const std::size_t before = progress.done;
  const std::size_t tasks = progress.total - before;
  job.report(progress);
  TaskBoard board(tasks);
  std::vector<std::jthread> workers;
  const CancelOnExit cancel(board);
  for (std::size_t worker = 0; worker < std::min(std::max<std::size_t>(threads, 1), tasks); ++worker)
    workers.emplace_back([&, worker] { work(board, worker, task, job.stop); });
  while (progress.done < progress.total) {
    job.check_stop();
    const std::size_t finished = board.wait(progress.done - before, job.stop);
    while (progress.done < before + finished) {
      ++progress.done;
      job.report(progress);
    }
  }
}

void run_parallel_together(Progress progress, std::size_t threads, std::size_t most_together,
                           const std::function<void(std::size_t, std::size_t, std::size_t)>& task, const Job& job) {
  const std::size_t open = progress.total - progress.done;
  const std::size_t workers = std::max<std::size_t>(threads, 1);
  const std::size_t together = std::clamp<std::size_t>((open + workers - 1) / workers, 1, most_together);
  auto in_tasks = job;
  in_tasks.on_progress = [&](const Progress& groups) {
    auto own = progress;
    own.done = std::min(progress.done + groups.done * together, progress.total);
    job.report(own);
  };
  run_parallel(
      {.stage = progress.stage, .done = 0, .total = (open + together - 1) / together}, threads,
      [&](std::size_t worker, std::size_t group) {
        const std::size_t first = group * together;
        task(worker, first, std::min(together, open - first));
      },
      in_tasks);
}

}  // namespace w2s
