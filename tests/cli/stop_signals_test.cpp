#include "cli/stop_signals.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>

namespace w2s::cli {
namespace {

// The request comes from another thread; the limit only keeps a failing test from hanging.
bool stops(const std::stop_token& token) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, token, std::chrono::seconds(30), [] { return false; });
  return token.stop_requested();
}

TEST(StopSignals, ForwardsAnInterruptAsAStopRequest) {
  const StopSignals signals(true);
  EXPECT_FALSE(signals.token().stop_requested());
  std::raise(SIGINT);
  EXPECT_TRUE(stops(signals.token()));
}

TEST(StopSignals, ForwardsATerminationAsAStopRequest) {
  const StopSignals signals(true);
  std::raise(SIGTERM);
  EXPECT_TRUE(stops(signals.token()));
}

TEST(StopSignals, KillsAtTheSecondInterrupt) {
  const auto interrupt_twice = [] {
    const StopSignals signals(true);
    std::raise(SIGINT);
    std::raise(SIGINT);
  };
  EXPECT_EXIT(interrupt_twice(), ::testing::KilledBySignal(SIGINT), "");
}

TEST(StopSignals, RestoresTheHandlersThatWereThere) {
  const auto before = std::signal(SIGINT, SIG_IGN);
  {
    const StopSignals signals(true);
  }
  EXPECT_EQ(std::signal(SIGINT, before), SIG_IGN);
}

TEST(StopSignals, MayBeUsedAgain) {
  {
    const StopSignals signals(true);
  }
  const StopSignals signals(true);
  std::raise(SIGINT);
  EXPECT_TRUE(stops(signals.token()));
}

}  // namespace
}  // namespace w2s::cli
