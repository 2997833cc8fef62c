#include "base/parallel.h"

#include <gmock/gmock.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "w2s/base.h"

namespace w2s {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

Progress tasks(std::size_t total) { return {.stage = "tasks", .total = total}; }

TEST(RunParallel, RunsEveryTaskOnce) {
  for (const int threads : {0, 1, 3, 50}) {
    std::vector<std::atomic<int>> runs(20);
    run_parallel(tasks(runs.size()), thread_count(threads), [&](std::size_t, std::size_t i) { ++runs[i]; }, {});
    EXPECT_THAT(std::vector<int>(runs.begin(), runs.end()), Each(1)) << threads << " threads";
  }
}

TEST(RunParallel, ReportsEachTaskFromTheCallingThread) {
  std::vector<std::size_t> done;
  bool elsewhere = false;
  Job job;
  job.on_progress = [&, caller = std::this_thread::get_id()](const Progress& progress) {
    done.push_back(progress.done);
    elsewhere = elsewhere || std::this_thread::get_id() != caller;
  };
  run_parallel(tasks(4), 2, [](std::size_t, std::size_t) {}, job);
  EXPECT_THAT(done, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_FALSE(elsewhere);
}

TEST(RunParallelTogether, RunsEveryTaskOnceInGroupsOfNoMoreThanIsSaid) {
  for (const std::size_t threads : {1U, 3U}) {
    std::vector<std::atomic<int>> runs(22);
    std::atomic<std::size_t> largest = 0;
    const auto task = [&](std::size_t, std::size_t first, std::size_t count) {
      if (count > largest) largest = count;
      for (std::size_t i = first; i < first + count; ++i) ++runs[i];
    };
    run_parallel_together(tasks(runs.size()), threads, 4, task, {});
    EXPECT_THAT(std::vector<int>(runs.begin(), runs.end()), Each(1)) << threads << " threads";
    EXPECT_EQ(largest, 4U);
  }
}

TEST(RunParallelTogether, GivesEveryWorkerSome) {
  std::vector<std::atomic<int>> groups(3);
  run_parallel_together(tasks(6), 3, 4,
                        [&](std::size_t, std::size_t first, std::size_t count) {
                          EXPECT_EQ(count, 2U);
                          ++groups[first / 2];
                        },
                        {});
  EXPECT_THAT(std::vector<int>(groups.begin(), groups.end()), Each(1));
}

TEST(RunParallelTogether, ReportsTasksAndLeavesOutThoseThatAreDone) {
  std::vector<std::size_t> done;
  std::vector<std::size_t> first_tasks;
  Job job;
  job.on_progress = [&](const Progress& progress) {
    EXPECT_EQ(progress.total, 13U);
    EXPECT_EQ(progress.resumed, 3U);
    done.push_back(progress.done);
  };
  run_parallel_together(
      {.stage = "tasks", .done = 3, .total = 13, .resumed = 3}, 1, 4,
      [&](std::size_t, std::size_t first, std::size_t) { first_tasks.push_back(first); }, job);
  EXPECT_THAT(done, ElementsAre(3, 7, 11, 13));
  EXPECT_THAT(first_tasks, ElementsAre(0, 4, 8));
}

TEST(RunParallel, RethrowsWhatATaskThrewAndBeginsNoFurtherOne) {
  std::atomic<std::size_t> begun = 0;
  const auto task = [&](std::size_t, std::size_t i) {
    ++begun;
    if (i == 2) throw std::runtime_error("task 2");
  };
  EXPECT_THROW(run_parallel(tasks(1000), 1, task, {}), std::runtime_error);
  EXPECT_EQ(begun, 3U);
}

TEST(RunParallel, StopsWhenTheJobIsStopped) {
  std::stop_source source;
  std::atomic<std::size_t> begun = 0;
  Job job;
  job.stop = source.get_token();
  const auto task = [&](std::size_t, std::size_t i) {
    ++begun;
    if (i == 5) source.request_stop();
  };
  try {
    run_parallel(tasks(1'000'000), 2, task, job);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::interrupted);
  }
  EXPECT_LT(begun, 1'000'000U);
}

TEST(RunParallel, PassesOnWhatAProgressReportThrows) {
  Job job;
  job.on_progress = [](const Progress&) { throw std::runtime_error("report"); };
  EXPECT_THROW(run_parallel(tasks(10), 2, [](std::size_t, std::size_t) {}, job), std::runtime_error);
}

TEST(ThreadCount, RefusesANegativeNumber) { EXPECT_THROW(static_cast<void>(thread_count(-1)), Error); }

TEST(RunParallel, DoesNothingForNoTasks) {
  run_parallel(tasks(0), 2, [](std::size_t, std::size_t) { FAIL() << "there is no task"; }, {});
}

}  // namespace
}  // namespace w2s
