// The sweep store when its process is killed and when its disk is full.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "support/file_size_limit.h"
#include "support/temporary_folder.h"
#include "sweep/store_samples.h"
#include "w2s/base.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;
using test::expect_same_record;
using test::FileSizeLimit;
using test::store_header;
using test::store_record;
using test::TemporaryFolder;
using testing::HasSubstr;

// A record of many pages, so that writing one takes a while.
SweepStoreHeader large_header() {
  SweepStoreHeader header = store_header();
  header.samples = 100000;
  header.width = 4096;
  header.grid.layers.clear();
  for (std::size_t layer = 0; layer < 32; ++layer) header.grid.layers.push_back(layer);
  return header;
}

SweepRecord large_record(std::size_t sample) { return store_record(sample, PromptVariant::base, large_header()); }

// Adds samples until it is killed; a byte on the pipe says that a sample was added.
[[noreturn]] void write_until_killed(const fs::path& path, std::size_t first, int pipe) {
  try {
    SweepStore store = SweepStore::open(path, large_header());
    for (std::size_t sample = first;; ++sample) {
      store.add(large_record(sample));
      if (::write(pipe, "x", 1) != 1) break;
    }
  } catch (...) {
    // The parent sees that too few samples were added.
  }
  ::_exit(1);
}

// Kills a writer `microseconds` after it has added `samples` samples, wherever it is then.
void kill_writer_after(const fs::path& path, std::size_t first, std::size_t samples, useconds_t microseconds) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) write_until_killed(path, first, pipe[1]);
  ::close(pipe[1]);
  char byte = 0;
  for (std::size_t i = 0; i < samples; ++i) ASSERT_EQ(::read(pipe[0], &byte, 1), 1);
  ::usleep(microseconds);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ::close(pipe[0]);
}

TEST(SweepStoreCrash, LosesAtMostTheSampleInFlight) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  std::size_t stored = 0;
  for (useconds_t round = 0; round < 12; ++round) {
    const std::size_t samples = round % 4;
    ASSERT_NO_FATAL_FAILURE(kill_writer_after(path, stored, samples, 1 + 700 * round));
    // A writer that was killed while it created the store has left none.
    if (samples == 0 && stored == 0) static_cast<void>(SweepStore::open(path, large_header()));
    const std::vector<SweepRecord> records = SweepStore::read(path).records();
    ASSERT_GE(records.size(), stored + samples);
    for (std::size_t sample = 0; sample < records.size(); ++sample) {
      expect_same_record(records[sample], large_record(sample));
    }
    stored = records.size();
  }
}

TEST(SweepStoreCrash, GoesOnAfterwards) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  ASSERT_NO_FATAL_FAILURE(kill_writer_after(path, 0, 3, 500));
  {
    SweepStore store = SweepStore::open(path, large_header());
    for (std::size_t sample = 0; sample < 20; ++sample) store.add(large_record(sample));
  }
  const std::vector<SweepRecord> records = SweepStore::read(path).records();
  ASSERT_GE(records.size(), 20U);
  for (std::size_t sample = 0; sample < 20; ++sample) expect_same_record(records[sample], large_record(sample));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(SweepStoreCrash, KeepsEarlierSamplesWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  std::size_t added = 0;
  {
    SweepStore store = SweepStore::open(path, large_header());
    const FileSizeLimit limit(1U << 20U);
    try {
      for (; added < 1000; ++added) store.add(large_record(added));
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::io);
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
    }
    EXPECT_GT(added, 0U);
    EXPECT_EQ(store.records().size(), added);
  }
  {
    SweepStore store = SweepStore::open(path, large_header());
    EXPECT_EQ(store.records().size(), added);
    store.add(large_record(added));
  }
  const std::vector<SweepRecord> records = SweepStore::read(path).records();
  ASSERT_EQ(records.size(), added + 1);
  for (std::size_t sample = 0; sample < records.size(); ++sample) {
    expect_same_record(records[sample], large_record(sample));
  }
}

TEST(SweepStoreCrash, IsUsableAfterADiskWasTooFullToCreateIt) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  for (const rlim_t bytes : {0U, 1000U, 5000U, 20000U}) {
    const FileSizeLimit limit(bytes);
    try {
      static_cast<void>(SweepStore::open(path, store_header()));
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::io);
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
    }
  }
  SweepStore store = SweepStore::open(path, store_header());
  store.add(store_record(0));
  EXPECT_EQ(store.records().size(), 1U);
}

}  // namespace
}  // namespace w2s
