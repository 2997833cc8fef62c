// What every command that takes a while needs: progress, warnings, and an end on request.
#pragma once

#include <string_view>

#include "cli/print/console.h"
#include "cli/print/progress_bar.h"
#include "cli/stop_signals.h"
#include "w2s/base.h"

namespace w2s::cli {

class Work {
 public:
  /// Silent if `quiet`.
  Work(const Console& console, bool quiet);

  [[nodiscard]] const Job& job() const { return job_; }
  void warn(std::string_view line) { job_.warn(line); }

 private:
  ProgressBar bar_;
  StopSignals signals_;
  Job job_;
};

}  // namespace w2s::cli
