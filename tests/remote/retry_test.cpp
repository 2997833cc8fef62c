#include "remote/retry.h"

#include <gtest/gtest.h>

#include <set>

namespace w2s::remote {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Backoff backoff{.first = milliseconds(100), .longest = milliseconds(1000)};

TEST(Backoff, DoublesUpToItsLimitLessAtMostAHalf) {
  Random random(7);
  const std::array<int, 6> full = {100, 200, 400, 800, 1000, 1000};
  for (int round = 0; round < 100; ++round) {
    for (int failures = 1; failures <= 6; ++failures) {
      const auto wait = wait_after(failures, backoff, std::nullopt, random);
      const milliseconds longest(full[static_cast<std::size_t>(failures - 1)]);
      EXPECT_GE(wait, longest / 2);
      EXPECT_LE(wait, longest);
    }
  }
  EXPECT_LE(wait_after(1'000'000, backoff, std::nullopt, random), backoff.longest);
}

TEST(Backoff, SpreadsClientsThatFailedTogether) {
  std::set<milliseconds> waits;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    waits.insert(wait_after(5, backoff, std::nullopt, random));
  }
  EXPECT_GT(waits.size(), 25U);
}

TEST(Backoff, IsNeverShorterThanTheServerAsksFor) {
  Random random(7);
  EXPECT_EQ(wait_after(1, backoff, seconds(3), random), seconds(3));
  EXPECT_GE(wait_after(5, backoff, seconds(0), random), backoff.longest / 2);
}

TEST(Sleep, EndsWhenAStopIsRequested) {
  const std::stop_source stop;
  stop.request_stop();
  sleep_for(std::chrono::hours(24), stop.get_token());  // hangs if it does not
}

}  // namespace
}  // namespace w2s::remote
