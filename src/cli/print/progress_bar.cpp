#include "cli/print/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace w2s::cli {
namespace {

constexpr auto redraw_interval = std::chrono::milliseconds(100);
constexpr auto log_interval = std::chrono::seconds(30);
// A stage of a second shall not fill a log with tenths of itself.
constexpr auto shortest_log_interval = std::chrono::seconds(2);
constexpr double logged_step = 0.1;
constexpr std::size_t bar_width = 24;
constexpr std::string_view clear_line = "\r\x1b[K";

std::size_t fresh_units(const Progress& progress) { return progress.done - std::min(progress.resumed, progress.done); }

std::string format_rate(double rate) { return rate < 10 ? fmt::format("{:.2f}", rate) : fmt::format("{:.0f}", rate); }

std::string bar(double fraction, std::size_t width) {
  const auto filled = static_cast<std::size_t>(std::floor(fraction * static_cast<double>(width)));
  return fmt::format("[{:=<{}}{: <{}}]", "", filled, "", width - filled);
}

}  // namespace

ProgressMeter::ProgressMeter(const Progress& first, Clock::time_point now)
    : stage_(first.stage), fresh_at_start_(fresh_units(first)), start_(now), now_(now) {
  update(first, now);
}

void ProgressMeter::update(const Progress& progress, Clock::time_point now) {
  unit_ = progress.unit;
  total_ = progress.total;
  done_ = std::min(progress.done, progress.total);
  fresh_ = fresh_units(progress);
  now_ = now;
}

double ProgressMeter::fraction() const {
  return total_ == 0 ? 1.0 : static_cast<double>(done_) / static_cast<double>(total_);
}

std::optional<double> ProgressMeter::rate() const {
  const double seconds = elapsed().count();
  if (seconds <= 0 || fresh_ <= fresh_at_start_) return std::nullopt;
  return static_cast<double>(fresh_ - fresh_at_start_) / seconds;
}

std::optional<std::chrono::duration<double>> ProgressMeter::time_left() const {
  const auto units_a_second = rate();
  if (!units_a_second) return std::nullopt;
  return std::chrono::duration<double>(static_cast<double>(total_ - done_) / *units_a_second);
}

std::string format_duration(std::chrono::duration<double> duration) {
  const auto seconds = std::llround(std::max(0.0, duration.count()));
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string format_progress(const ProgressMeter& meter, std::size_t width, std::size_t columns) {
  std::string line = meter.stage() + " ";
  if (width > 0) line += bar(meter.fraction(), width) + " ";
  line += fmt::format("{}/{} {}", meter.done(), meter.total(), meter.unit());
  if (const auto rate = meter.rate()) line += fmt::format(", {}/s", format_rate(*rate));
  if (meter.is_complete()) {
    line += fmt::format(", took {}", format_duration(meter.elapsed()));
  } else if (const auto left = meter.time_left()) {
    line += fmt::format(", {} left", format_duration(*left));
  }
  if (line.size() > columns) line.resize(columns);
  return line;
}

ProgressBar::ProgressBar(Console console, std::function<Clock::time_point()> clock)
    : console_(std::move(console)), clock_(std::move(clock)) {}

ProgressBar::~ProgressBar() { end_line(); }

void ProgressBar::show(const Progress& progress) {
  const auto now = clock_();
  const bool starts = !meter_ || meter_->stage() != progress.stage;
  if (starts) {
    end_line();
    meter_.emplace(progress, now);
    last_fraction_ = meter_->fraction();
  } else {
    meter_->update(progress, now);
  }

  const auto since_shown = now - last_shown_;
  if (console_.err_is_terminal) {
    if (starts || meter_->is_complete() || since_shown >= redraw_interval) draw_bar();
    return;
  }
  const bool stepped = meter_->fraction() - last_fraction_ >= logged_step && since_shown >= shortest_log_interval;
  if (starts || meter_->is_complete() || stepped || since_shown >= log_interval) log_line();
}

void ProgressBar::warn(std::string_view line) {
  if (line_is_open_) console_.err(clear_line);
  line_is_open_ = false;
  cli::warn(console_, line);
}

void ProgressBar::draw_bar() {
  console_.err(fmt::format("{}{}", clear_line, format_progress(*meter_, bar_width, console_.err_columns - 1)));
  line_is_open_ = true;
  last_shown_ = clock_();
  if (meter_->is_complete()) end_line();
}

void ProgressBar::log_line() {
  console_.err(format_progress(*meter_, 0, std::string::npos) + "\n");
  last_shown_ = clock_();
  last_fraction_ = meter_->fraction();
}

void ProgressBar::end_line() {
  if (line_is_open_) console_.err("\n");
  line_is_open_ = false;
}

}  // namespace w2s::cli
