// Times the stages of a run as they are worked on.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "w2s/base.h"
#include "w2s/results.h"

namespace w2s {

/// From its beginning to its end, times a stage and adds that to the folder's times.json: if the stage finished
/// something, or was cut short by an error. A stage that finds everything done leaves no trace.
class StageTimer {
 public:
  /// `job` must outlive the timer.
  StageTimer(BehaviorFolder folder, std::string stage, const Job& job);
  ~StageTimer();
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

  /// What the stage is to report its progress to. Must not outlive the timer.
  [[nodiscard]] const Job& job() const noexcept { return watched_; }

 private:
  BehaviorFolder folder_;
  std::string stage_;
  Job watched_;
  bool finished_something_ = false;
  int exceptions_;
  std::chrono::steady_clock::time_point begin_;
};

/// Does `work(job)` as a stage, and returns what it returns.
template <typename Work>
decltype(auto) timed(const BehaviorFolder& folder, std::string stage, const Job& job, Work work) {
  const StageTimer timer(folder, std::move(stage), job);
  return work(timer.job());
}

}  // namespace w2s
