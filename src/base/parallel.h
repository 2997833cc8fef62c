// Independent pieces of work on several threads, one piece a thread at a time.
#pragma once

#include <cstddef>
#include <functional>

#include "w2s/base.h"

namespace w2s {

/// The number of threads that `asked` stands for: itself, or one a core for 0. Throws Error{usage} if it is negative.
[[nodiscard]] std::size_t thread_count(int asked);

/// Runs task(worker, 0), task(worker, 1), ... for the `progress.total - progress.done` tasks that are left, each once
/// and begun in this order, on up to `threads` workers. `worker` counts from 0: what a worker uses alone is found by
/// it. The calling thread reports progress. When a task throws or the job is stopped, no further one begins; those
/// under way end before the first exception, or Error{interrupted}, is thrown here.
void run_parallel(Progress progress, std::size_t threads,
                  const std::function<void(std::size_t worker, std::size_t task)>& task, const Job& job);

/// The same for tasks that are better done several at once: task(worker, first, count) does those from number `first`
/// on, up to `most_together`, and fewer where some worker would have none.
void run_parallel_together(Progress progress, std::size_t threads, std::size_t most_together,
                           const std::function<void(std::size_t worker, std::size_t first, std::size_t count)>& task,
                           const Job& job);

}  // namespace w2s
