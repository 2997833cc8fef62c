#include "results/stage_timer.h"

#include <exception>

namespace w2s {

StageTimer::StageTimer(BehaviorFolder folder, std::string stage, const Job& job)
    : folder_(std::move(folder)),
      stage_(std::move(stage)),
      watched_(job),
      exceptions_(std::uncaught_exceptions()),
      begin_(std::chrono::steady_clock::now()) {
  watched_.on_progress = [this, &job](const Progress& progress) {
    if (progress.done > progress.resumed) finished_something_ = true;
    job.report(progress);
  };
}

StageTimer::~StageTimer() {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin_;
  const bool was_cut_short = std::uncaught_exceptions() > exceptions_;
  if (!finished_something_ && !was_cut_short) return;
  try {
    add_stage_time(folder_, {.stage = stage_, .seconds = passed.count()});
  } catch (const std::exception&) {
    // A time is not worth failing for: what keeps it from being written will stop the stages' own files.
  }
}

}  // namespace w2s
