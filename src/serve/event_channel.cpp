#include "serve/event_channel.h"

#include <utility>

namespace w2s::serve {

bool EventChannel::push(ChoiceEvent event) {
  const std::lock_guard lock(mutex_);
  if (events_.size() == capacity_) {
    has_lost_events_ = true;
    events_.clear();
  }
  if (!has_lost_events_) events_.push_back(std::move(event));
  arrived_.notify_one();
  return !has_lost_events_;
}

std::optional<ChoiceEvent> EventChannel::pop(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  arrived_.wait_until(lock, until, [&] { return !events_.empty() || has_lost_events_; });
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

bool EventChannel::has_lost_events() const {
  const std::lock_guard lock(mutex_);
  return has_lost_events_;
}

}  // namespace w2s::serve
