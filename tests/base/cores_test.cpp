#include "base/cluster/cores.h"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <vector>

namespace w2s::cluster {
namespace {

Cores cores(std::initializer_list<std::size_t> numbers) {
  Cores set;
  for (const std::size_t number : numbers) set.set(number);
  return set;
}

TEST(Cores, OfAProcessAreAmongThoseOfItsMachine) {
  EXPECT_GE(bound_cores().count(), 1U);
  EXPECT_GE(available_cores(), bound_cores().count());
}

TEST(Cores, AreNotBoundAnewByAskingForThem) {
  const auto before = bound_cores();
  static_cast<void>(available_cores());
  EXPECT_EQ(bound_cores(), before);
}

TEST(ThreadsOfRank, AreItsCoresWhereItHasThemForItself) {
  const std::array ranks = {cores({0, 1, 2}), cores({3})};
  EXPECT_EQ(threads_of_rank(ranks, 0), 3U);
  EXPECT_EQ(threads_of_rank(ranks, 1), 1U);
}

TEST(ThreadsOfRank, AreAPartOfThoseThatRanksShare) {
  const auto all = cores({0, 1, 2, 3, 4, 5, 6});
  const std::vector ranks(3, all);
  EXPECT_EQ(threads_of_rank(ranks, 1), 2U);
}

TEST(ThreadsOfRank, AreAtLeastOne) {
  const std::vector ranks(5, cores({0, 1}));
  EXPECT_EQ(threads_of_rank(ranks, 4), 1U);
  const std::vector unknown(1, Cores());
  EXPECT_EQ(threads_of_rank(unknown, 0), 1U);
}

}  // namespace
}  // namespace w2s::cluster
