// How a caller follows and stops long work. The library itself never prints.
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string_view>

namespace w2s {

/// How far a piece of long work is. A stage starts with the first report that names it.
struct Progress {
  std::string_view stage;   ///< what is being done, for instance "sweep openness"
  std::size_t done = 0;     ///< units finished, those of an earlier, interrupted run included
  std::size_t total = 0;    ///< units in all
  std::size_t resumed = 0;  ///< units that an earlier run had finished: they say nothing about the rate
  std::string_view unit = "samples";
};

/// The caller's side of a long-running function. Every member may be left empty.
struct Job {
  std::function<void(const Progress&)> on_progress;  ///< called after each unit, from the calling thread
  std::function<void(std::string_view)> on_warning;  ///< one line, for a person
  std::stop_token stop;                              ///< checked between units

  void report(const Progress& progress) const;
  void warn(std::string_view line) const;

  /// Throws Error{interrupted} once a stop was requested.
  void check_stop() const;
};

}  // namespace w2s
