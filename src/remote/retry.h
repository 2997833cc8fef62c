// When a request is made again.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

#include "base/random.h"

namespace w2s::remote {

struct Backoff {
  std::chrono::milliseconds first{};
  std::chrono::milliseconds longest{};
};

/// The wait after `failures` failed tries (1 or more): doubled each time, at most `longest`, less a random part of up
/// to a half, so that clients that failed together do not come back together. Never less than the server asked for.
[[nodiscard]] std::chrono::milliseconds wait_after(int failures, const Backoff& backoff,
                                                   std::optional<std::chrono::seconds> asked_for, Random& random);

/// Sleeps; returns early once a stop is requested.
void sleep_for(std::chrono::milliseconds wait, const std::stop_token& stop);

}  // namespace w2s::remote
