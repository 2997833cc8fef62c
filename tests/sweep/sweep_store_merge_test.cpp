// One sweep store taken into another: what several ranks wrote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "sweep/store_samples.h"
#include "w2s/base.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::expect_same_record;
using test::store_header;
using test::store_record;
using testing::HasSubstr;

class SweepStoreMerge : public testing::Test {
 protected:
  [[nodiscard]] fs::path path(const char* name) const { return folder_ / name; }

  void write(const char* name, std::initializer_list<std::size_t> samples) const {
    auto store = SweepStore::open(path(name), store_header());
    for (const std::size_t sample : samples) store.add(store_record(sample));
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(SweepStoreMerge, HasTheSamplesOfBoth) {
  write("main.sqlite", {3});
  write("one.sqlite", {0, 4});
  write("two.sqlite", {1, 2});
  auto store = SweepStore::open(path("main.sqlite"), store_header());
  store.merge(path("one.sqlite"));
  store.merge(path("two.sqlite"));
  const auto records = store.records();
  ASSERT_EQ(records.size(), 5U);
  for (std::size_t sample = 0; sample < 5; ++sample) expect_same_record(records[sample], store_record(sample));
  EXPECT_EQ(SweepStore::read(path("one.sqlite")).records().size(), 2U);
}

TEST_F(SweepStoreMerge, CanBeDoneAgain) {
  write("main.sqlite", {});
  write("one.sqlite", {0, 4});
  auto store = SweepStore::open(path("main.sqlite"), store_header());
  store.merge(path("one.sqlite"));
  store.merge(path("one.sqlite"));
  EXPECT_EQ(store.records().size(), 2U);
}

TEST_F(SweepStoreMerge, KeepsOfASampleInBothTheOneWithMoreLayers) {
  auto at_one_layer = store_record(0);
  at_one_layer.layers = {7};
  for (auto& map : at_one_layer.propensity) map = {1, 3, {map.values.begin() + 3, map.values.end()}};
  SweepStore::open(path("main.sqlite"), store_header()).add(at_one_layer);
  write("one.sqlite", {0});
  auto store = SweepStore::open(path("main.sqlite"), store_header());
  store.merge(path("one.sqlite"));
  expect_same_record(store.records().at(0), store_record(0));

  SweepStore::open(path("two.sqlite"), store_header()).add(at_one_layer);
  store.merge(path("two.sqlite"));
  expect_same_record(store.records().at(0), store_record(0));
}

TEST_F(SweepStoreMerge, TakesTheNoiseFloorWhereThereIsNone) {
  write("main.sqlite", {});
  write("one.sqlite", {});
  SweepStore::open(path("one.sqlite"), store_header()).set_noise_floor({.samples = 4, .propensity = 0.5});
  auto store = SweepStore::open(path("main.sqlite"), store_header());
  store.merge(path("one.sqlite"));
  EXPECT_EQ(store.noise_floor()->propensity, 0.5);
  SweepStore::open(path("one.sqlite"), store_header()).set_noise_floor({.samples = 4, .propensity = 0.7});
  store.merge(path("one.sqlite"));
  EXPECT_EQ(store.noise_floor()->propensity, 0.5);
}

TEST_F(SweepStoreMerge, FindsWhatAKilledProcessHadWritten) {
  write("main.sqlite", {});
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = SweepStore::open(path("one.sqlite"), store_header());
    store.add(store_record(0));
    store.add(store_record(5));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  auto store = SweepStore::open(path("main.sqlite"), store_header());
  store.merge(path("one.sqlite"));
  EXPECT_EQ(store.records().size(), 2U);
}

TEST_F(SweepStoreMerge, RefusesOtherSettings) {
  write("main.sqlite", {1});
  auto other = store_header();
  other.settings["model_sha256"] = "xyz";
  SweepStore::open(path("one.sqlite"), other).add(store_record(0));
  auto store = SweepStore::open(path("main.sqlite"), store_header());
  const auto error = error_of([&] { store.merge(path("one.sqlite")); });
  EXPECT_EQ(error.kind(), ErrorKind::results);
  EXPECT_THAT(error.what(), HasSubstr("one.sqlite was made with other settings"));
  EXPECT_EQ(store.records().size(), 1U);
}

TEST_F(SweepStoreMerge, RefusesAFileThatIsBeingWritten) {
  write("main.sqlite", {});
  auto writer = SweepStore::open(path("one.sqlite"), store_header());
  writer.add(store_record(0));
  auto store = SweepStore::open(path("main.sqlite"), store_header());
  const auto error = error_of([&] { store.merge(path("one.sqlite")); });
  EXPECT_THAT(error.what(), HasSubstr("another w2s is writing"));
  EXPECT_TRUE(store.records().empty());
}

TEST_F(SweepStoreMerge, RefusesAFileThatIsNotThere) {
  write("main.sqlite", {});
  auto store = SweepStore::open(path("main.sqlite"), store_header());
  EXPECT_EQ(error_of([&] { store.merge(path("one.sqlite")); }).kind(), ErrorKind::results);
  EXPECT_FALSE(fs::exists(path("one.sqlite")));
}

}  // namespace
}  // namespace w2s
