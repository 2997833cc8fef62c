// The way of a request's events from the engine's thread to the thread of its connection.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

#include "w2s/generation.h"

namespace w2s::serve {

using Clock = std::chrono::steady_clock;

struct ChoiceEvent {
  std::size_t choice = 0;  ///< of the request's
  GenerationEvent event;
};

/// Never makes the engine wait: a reader who is too slow loses the channel instead, so that what it has not read is
/// bounded.
class EventChannel {
 public:
  explicit EventChannel(std::size_t capacity) : capacity_(capacity) {}

  /// Returns false, from the first event on that finds no room.
  bool push(ChoiceEvent event);
  /// The next one, as soon as it is there; nothing at `until`, or if events were lost.
  [[nodiscard]] std::optional<ChoiceEvent> pop(Clock::time_point until);
  [[nodiscard]] bool has_lost_events() const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<ChoiceEvent> events_;
  bool has_lost_events_ = false;
};

}  // namespace w2s::serve
