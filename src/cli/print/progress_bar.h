// How far long work is: a bar on a terminal, a plain line now and then in a log.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/print/console.h"
#include "w2s/base.h"

namespace w2s::cli {

using Clock = std::chrono::steady_clock;

/// Rate and time left of one stage. Units that an earlier run had finished count as done, but not for the rate.
class ProgressMeter {
 public:
  /// The first report of a stage starts its clock.
  ProgressMeter(const Progress& first, Clock::time_point now);

  void update(const Progress& progress, Clock::time_point now);

  [[nodiscard]] const std::string& stage() const { return stage_; }
  [[nodiscard]] std::size_t done() const { return done_; }
  [[nodiscard]] std::size_t total() const { return total_; }
  [[nodiscard]] const std::string& unit() const { return unit_; }
  [[nodiscard]] bool is_complete() const { return done_ >= total_; }
  /// Between 0 and 1; 1 for a stage without units.
  [[nodiscard]] double fraction() const;
  [[nodiscard]] std::chrono::duration<double> elapsed() const { return now_ - start_; }
  /// Units a second; nothing before the first unit since the start.
  [[nodiscard]] std::optional<double> rate() const;
  [[nodiscard]] std::optional<std::chrono::duration<double>> time_left() const;

 private:
  std::string stage_;
  std::string unit_;
  std::size_t done_ = 0;
  std::size_t total_ = 0;
  std::size_t fresh_at_start_;
  std::size_t fresh_ = 0;
  Clock::time_point start_;
  Clock::time_point now_;
};

/// "0:07", "12:34" or "1:02:03".
[[nodiscard]] std::string format_duration(std::chrono::duration<double> duration);

/// "sweep [=====>    ] 100/200 samples, 1.25/s, 1:20 left", at most `columns` wide; without the bar for width 0.
[[nodiscard]] std::string format_progress(const ProgressMeter& meter, std::size_t bar_width, std::size_t columns);

/// Shows the progress of a job on a console's error stream.
class ProgressBar {
 public:
  explicit ProgressBar(Console console, std::function<Clock::time_point()> clock = Clock::now);
  /// Leaves the cursor at the beginning of a line.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(const Progress& progress);
  /// A warning between the bar's lines.
  void warn(std::string_view line);

 private:
  void draw_bar();
  void log_line();
  void end_line();

  Console console_;
  std::function<Clock::time_point()> clock_;
  std::optional<ProgressMeter> meter_;
  Clock::time_point last_shown_;
  double last_fraction_ = 0;
  bool line_is_open_ = false;
};

}  // namespace w2s::cli
