#include "cli/print/progress_bar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace w2s::cli {
namespace {

using std::chrono::seconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

Progress at(std::size_t done, std::size_t total = 100, std::size_t resumed = 0) {
  return {.stage = "sweep", .done = done, .total = total, .resumed = resumed};
}

// A console that remembers, and a clock that the test moves.
struct Listener {
  std::vector<std::string> lines;
  Clock::time_point now{seconds(1000)};

  Console console(bool is_terminal) {
    return {.out = [](std::string_view) {},
            .err = [this](std::string_view text) { lines.emplace_back(text); },
            .err_is_terminal = is_terminal};
  }
  std::function<Clock::time_point()> clock() {
    return [this] { return now; };
  }
};

TEST(ProgressMeter, KnowsNoRateBeforeTheFirstUnit) {
  const Clock::time_point start;
  ProgressMeter meter(at(0), start);
  EXPECT_FALSE(meter.rate());
  meter.update(at(0), start + seconds(10));
  EXPECT_FALSE(meter.rate());
  EXPECT_FALSE(meter.time_left());
}

TEST(ProgressMeter, DividesUnitsByTime) {
  const Clock::time_point start;
  ProgressMeter meter(at(0), start);
  meter.update(at(20), start + seconds(10));
  ASSERT_TRUE(meter.rate());
  EXPECT_DOUBLE_EQ(*meter.rate(), 2.0);
  EXPECT_DOUBLE_EQ(meter.time_left()->count(), 40.0);
}

TEST(ProgressMeter, DoesNotCountResumedUnitsForTheRate) {
  const Clock::time_point start;
  ProgressMeter meter(at(50, 100, 50), start);
  meter.update(at(60, 100, 50), start + seconds(10));
  EXPECT_DOUBLE_EQ(*meter.rate(), 1.0);
  EXPECT_DOUBLE_EQ(meter.time_left()->count(), 40.0);
  EXPECT_DOUBLE_EQ(meter.fraction(), 0.6);
}

TEST(ProgressMeter, DoesNotCountTheUnitWhoseReportStartedTheClock) {
  const Clock::time_point start;
  ProgressMeter meter(at(1), start);
  meter.update(at(3), start + seconds(4));
  EXPECT_DOUBLE_EQ(*meter.rate(), 0.5);
}

TEST(ProgressMeter, IsCompleteWithoutUnits) {
  const ProgressMeter meter(at(0, 0), Clock::time_point());
  EXPECT_TRUE(meter.is_complete());
  EXPECT_DOUBLE_EQ(meter.fraction(), 1.0);
}

TEST(FormatDuration, ShowsHoursOnlyWhenThereAreAny) {
  EXPECT_EQ(format_duration(seconds(7)), "0:07");
  EXPECT_EQ(format_duration(seconds(754)), "12:34");
  EXPECT_EQ(format_duration(seconds(3723)), "1:02:03");
}

TEST(FormatProgress, ShowsBarRateAndTimeLeft) {
  const Clock::time_point start;
  ProgressMeter meter(at(0), start);
  meter.update(at(50), start + seconds(40));
  EXPECT_EQ(format_progress(meter, 10, 80), "sweep [=====     ] 50/100 samples, 1.25/s, 0:40 left");
  EXPECT_EQ(format_progress(meter, 0, 80), "sweep 50/100 samples, 1.25/s, 0:40 left");
  EXPECT_EQ(format_progress(meter, 10, 12).size(), 12U);
}

TEST(ProgressBar, DrawsOverItsOwnLineOnATerminal) {
  Listener listener;
  ProgressBar bar(listener.console(true), listener.clock());
  bar.show(at(0));
  listener.now += seconds(1);
  bar.show(at(1));
  ASSERT_EQ(listener.lines.size(), 2U);
  EXPECT_EQ(listener.lines[1].front(), '\r');
  EXPECT_THAT(listener.lines[1], Not(HasSubstr("\n")));
}

TEST(ProgressBar, EndsTheLineOfAFinishedStage) {
  Listener listener;
  ProgressBar bar(listener.console(true), listener.clock());
  bar.show(at(100));
  EXPECT_EQ(listener.lines.back(), "\n");
}

TEST(ProgressBar, EndsTheLineWhenItGoes) {
  Listener listener;
  {
    ProgressBar(listener.console(true), listener.clock()).show(at(10));
  }
  EXPECT_EQ(listener.lines.back(), "\n");
}

TEST(ProgressBar, DoesNotRedrawForEveryUnit) {
  Listener listener;
  ProgressBar bar(listener.console(true), listener.clock());
  for (std::size_t i = 0; i < 50; ++i) bar.show(at(i));
  EXPECT_EQ(listener.lines.size(), 1U);
}

TEST(ProgressBar, WritesALineEveryTenthToALog) {
  Listener listener;
  ProgressBar bar(listener.console(false), listener.clock());
  for (std::size_t i = 0; i <= 100; ++i) {
    bar.show(at(i));
    listener.now += seconds(1);
  }
  EXPECT_EQ(listener.lines.size(), 11U);
  for (const auto& line : listener.lines) EXPECT_THAT(line, EndsWith("\n"));
}

TEST(ProgressBar, WritesALineEveryThirtySecondsOfSlowWork) {
  Listener listener;
  ProgressBar bar(listener.console(false), listener.clock());
  bar.show(at(0, 100000));
  for (std::size_t i = 1; i <= 10; ++i) {
    listener.now += seconds(10);
    bar.show(at(i, 100000));
  }
  EXPECT_EQ(listener.lines.size(), 4U);
}

TEST(ProgressBar, ClearsItsLineForAWarning) {
  Listener listener;
  ProgressBar bar(listener.console(true), listener.clock());
  bar.show(at(10));
  bar.warn("mind the gap");
  EXPECT_EQ(listener.lines[1].front(), '\r');
  EXPECT_EQ(listener.lines.back(), "warning: mind the gap\n");
}

}  // namespace
}  // namespace w2s::cli
