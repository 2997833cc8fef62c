// Ranks that are threads of the test's own process.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "w2s/base.h"

namespace w2s::test {

/// Where they meet. When one has failed the others are thrown out, as a launcher would end them.
class MeetingPoint {
 public:
  explicit MeetingPoint(std::size_t ranks) : ranks_(ranks) {}

  std::uint64_t sum(std::uint64_t value) {
    std::unique_lock lock(mutex_);
    sum_ += value;
    const std::size_t meeting = meetings_;
    if (++here_ == ranks_) {
      last_sum_ = sum_;
      sum_ = 0;
      here_ = 0;
      ++meetings_;
      changed_.notify_all();
    }
    changed_.wait(lock, [&] { return meetings_ > meeting || has_failed_; });
    if (meetings_ == meeting) throw Error(ErrorKind::interrupted, "another rank has failed");
    return last_sum_;
  }

  void fail() {
    const std::lock_guard lock(mutex_);
    has_failed_ = true;
    changed_.notify_all();
  }

 private:
  std::size_t ranks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t here_ = 0;
  std::size_t meetings_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t last_sum_ = 0;
  bool has_failed_ = false;
};

class ThreadRanks final : public Ranks {
 public:
  ThreadRanks(MeetingPoint& meeting_point, Share share) : meeting_point_(&meeting_point), share_(share) {}

  [[nodiscard]] Share share() const override { return share_; }
  [[nodiscard]] std::uint64_t sum(std::uint64_t value, const Job& /*job*/) override {
    return meeting_point_->sum(value);
  }

 private:
  MeetingPoint* meeting_point_;
  Share share_;
};

/// Does `work` on so many ranks at once. Returns what they threw, null for those that did not.
inline std::vector<std::exception_ptr> on_ranks(std::size_t count, const std::function<void(Ranks&)>& work) {
  MeetingPoint meeting_point(count);
  std::vector<std::exception_ptr> failures(count);
  {
    std::vector<std::jthread> threads;
    for (std::size_t rank = 0; rank < count; ++rank) {
      threads.emplace_back([&, rank] {
        ThreadRanks ranks(meeting_point, {.rank = rank, .of = count});
        try {
          work(ranks);
        } catch (...) {
          failures[rank] = std::current_exception();
          meeting_point.fail();
        }
      });
    }
  }
  return failures;
}

}  // namespace w2s::test
