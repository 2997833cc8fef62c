// Ctrl-C and `kill` as a polite request to stop.
#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace w2s::cli {

/// While it lives, the first SIGINT or SIGTERM requests a stop of `token()`; a second one kills the process, as it
/// would have without. One at a time.
class StopSignals {
 public:
  /// Says on standard error that the signal was noticed, unless `quiet`. Throws Error{engine} if the system has no
  /// pipe left.
  explicit StopSignals(bool quiet);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  int read_end_ = -1;
  int write_end_ = -1;
  std::stop_source source_;
  struct sigaction interrupt_before_ = {};
  struct sigaction terminate_before_ = {};
  std::jthread watcher_;
};

}  // namespace w2s::cli
