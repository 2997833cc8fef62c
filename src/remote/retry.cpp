#include "remote/retry.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace w2s::remote {

std::chrono::milliseconds wait_after(int failures, const Backoff& backoff,
                                     std::optional<std::chrono::seconds> asked_for, Random& random) {
  auto wait = std::min(backoff.first, backoff.longest);
  for (int i = 1; i < failures && wait < backoff.longest; ++i) wait = std::min(wait * 2, backoff.longest);
  const double share = 0.5 + random.uniform() / 2;
  const auto jittered = std::chrono::duration_cast<std::chrono::milliseconds>(wait * share);
  return std::max(jittered, std::chrono::milliseconds(asked_for.value_or(std::chrono::seconds(0))));
}

void sleep_for(std::chrono::milliseconds wait, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any stopped;
  stopped.wait_for(lock, stop, wait, [] { return false; });
}

}  // namespace w2s::remote
