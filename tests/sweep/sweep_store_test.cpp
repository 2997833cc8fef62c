#include "w2s/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <limits>
#include <memory>
#include <ranges>
#include <string>
#include <vector>

#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "sweep/store_samples.h"
#include "w2s/base.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::expect_same_record;
using test::store_header;
using test::store_record;
using test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;

Error error_of_opening(const fs::path& path, const SweepStoreHeader& header) {
  return error_of([&] { static_cast<void>(SweepStore::open(path, header)); });
}

Error error_of_reading(const fs::path& path) {
  return error_of([&] { static_cast<void>(SweepStore::read(path)); });
}

// What another tool would do with the file.
std::string query(const fs::path& path, const char* sql) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  std::string rows;
  const auto append = [](void* text, int columns, char** values, char**) {
    for (int i = 0; i < columns; ++i) {
      *static_cast<std::string*>(text) += std::string(values[i] != nullptr ? values[i] : "NULL") + "|";
    }
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(database, sql, append, &rows, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
  sqlite3_close(database);
  return rows;
}

std::vector<std::string> files_in(const TemporaryFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) names.push_back(entry.path().filename().string());
  return names;
}

TEST(SweepStore, GivesBackWhatWasAdded) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  {
    SweepStore store = SweepStore::open(path, store_header());
    for (std::size_t sample = 0; sample < 5; ++sample) store.add(store_record(sample));
  }
  const std::vector<SweepRecord> records = SweepStore::read(path).records();
  ASSERT_EQ(records.size(), 5U);
  for (std::size_t sample = 0; sample < 5; ++sample) expect_same_record(records[sample], store_record(sample));
}

TEST(SweepStore, KeepsEveryBitOfAFloat) {
  using Limits = std::numeric_limits<float>;
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  SweepRecord record = store_record(0);
  // SQLite has no negative zero, so that only the encodings keep one.
  const std::vector<float> values = {0.1F, 0.0F, 1.0F, Limits::denorm_min(), Limits::max(), Limits::lowest()};
  record.propensity[1].values = values;
  for (auto& encoding : record.encodings) encoding = {-0.0F, Limits::denorm_min(), Limits::max()};
  SweepStore::open(path, store_header()).add(record);
  expect_same_record(SweepStore::read(path).records().at(0), record);
}

TEST(SweepStore, OrdersRecordsByVariantAndSample) {
  const TemporaryFolder folder;
  SweepStore store = SweepStore::open(folder / "sweep.sqlite", store_header());
  std::vector<SweepKey> expected;
  for (const PromptVariant variant : prompt_variants()) {
    for (const std::size_t sample : {0U, 7U, 10U}) expected.push_back({sample, variant});
  }
  for (const SweepKey& key : expected | std::views::reverse) store.add(store_record(key.sample, key.variant));
  const std::vector<SweepRecord> records = store.records();
  ASSERT_EQ(records.size(), expected.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    expect_same_record(records[i], store_record(expected[i].sample, expected[i].variant));
  }
}

TEST(SweepStore, KnowsWhatItContains) {
  const TemporaryFolder folder;
  SweepStore store = SweepStore::open(folder / "sweep.sqlite", store_header());
  store.add(store_record(3, PromptVariant::user_negative));
  EXPECT_TRUE(store.contains({3, PromptVariant::user_negative}));
  EXPECT_FALSE(store.contains({3, PromptVariant::base}));
  EXPECT_FALSE(store.contains({2, PromptVariant::user_negative}));
}

TEST(SweepStore, KeepsTheFirstOfTwoRecordsOfASample) {
  const TemporaryFolder folder;
  SweepStore store = SweepStore::open(folder / "sweep.sqlite", store_header());
  store.add(store_record(1));
  SweepRecord other = store_record(1);
  other.propensity[0].values[0] += 1;
  store.add(other);
  ASSERT_EQ(store.records().size(), 1U);
  expect_same_record(store.records()[0], store_record(1));
}

// The record of a sample at the second of the grid's two layers alone.
SweepRecord at_last_layer(std::size_t sample) {
  auto record = store_record(sample, PromptVariant::user_negative);
  record.layers = {store_header().grid.layers.back()};
  for (auto& map : record.propensity) map = {.layers = 1, .multipliers = 3, .values = {0.5F, 1.5F, 2.0F}};
  return record;
}

TEST(SweepStore, KeepsSamplesThatWereSweptAtSomeLayers) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  {
    SweepStore store = SweepStore::open(path, store_header());
    store.add(at_last_layer(1));
    store.add(store_record(2, PromptVariant::user_negative));
  }
  const auto records = SweepStore::read(path).records();
  ASSERT_EQ(records.size(), 2U);
  expect_same_record(records[0], at_last_layer(1));
  expect_same_record(records[1], store_record(2, PromptVariant::user_negative));
}

TEST(SweepStore, ReplacesASampleByOneThatHasMoreLayers) {
  const TemporaryFolder folder;
  SweepStore store = SweepStore::open(folder / "sweep.sqlite", store_header());
  const auto whole = store_record(1, PromptVariant::user_negative);
  store.add(at_last_layer(1));
  store.add(whole);
  store.add(at_last_layer(1));
  const auto records = store.records();
  ASSERT_EQ(records.size(), 1U);
  expect_same_record(records[0], whole);
}

TEST(SweepStore, RefusesLayersThatAreNotOfItsGrid) {
  const TemporaryFolder folder;
  SweepStore store = SweepStore::open(folder / "sweep.sqlite", store_header());
  auto record = at_last_layer(1);
  record.layers = {3};
  const Error error = error_of([&] { store.add(record); });
  EXPECT_EQ(error.kind(), ErrorKind::usage);
  EXPECT_THAT(error.what(), HasSubstr("sample 1: its layers are not among"));
  EXPECT_TRUE(store.records().empty());
}

TEST(SweepStore, GoesOnWhereItWasClosed) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  SweepStore::open(path, store_header()).add(store_record(0));
  SweepStore store = SweepStore::open(path, store_header());
  EXPECT_TRUE(store.contains({0, PromptVariant::base}));
  store.add(store_record(1));
  EXPECT_EQ(store.records().size(), 2U);
}

TEST(SweepStore, ReadsItsHeaderBack) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  static_cast<void>(SweepStore::open(path, store_header()));
  const SweepStore store = SweepStore::read(path);
  const SweepStoreHeader expected = store_header();
  EXPECT_EQ(store.header().behavior, expected.behavior);
  EXPECT_EQ(store.header().samples, expected.samples);
  EXPECT_EQ(store.header().model_layers, expected.model_layers);
  EXPECT_EQ(store.header().width, expected.width);
  EXPECT_EQ(store.header().grid, expected.grid);
  EXPECT_EQ(store.header().encoders, expected.encoders);
  EXPECT_EQ(store.header().settings, expected.settings);
}

TEST(SweepStore, NamesTheSettingThatDiffers) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  static_cast<void>(SweepStore::open(path, store_header()));

  struct Case {
    std::string key;
    std::string before;
    std::string now;
    SweepStoreHeader header = store_header();
  };
  std::vector<Case> cases(9);
  cases[0] = {"behavior", "'made-up'", "'other'"};
  cases[0].header.behavior = "other";
  cases[1] = {"samples", "'12'", "'13'"};
  cases[1].header.samples = 13;
  cases[2] = {"model_layers", "'8'", "'9'"};
  cases[2].header.model_layers = 9;
  cases[3] = {"width", "'3'", "'4'"};
  cases[3].header.width = 4;
  cases[4] = {"layers", "'2,7'", "'2,6'"};
  cases[4].header.grid.layers = {2, 6};
  cases[5] = {"multipliers", "'-1,0,0.1'", "'-1,0,1'"};
  cases[5].header.grid.multipliers = {-1.0F, 0.0F, 1.0F};
  cases[6] = {"encoders", "'first-last,layer4-mean'", "'first-last'"};
  cases[6].header.encoders.pop_back();
  cases[7] = {"settings.model_sha256", "'abc'", "not set"};
  cases[7].header.settings.erase("model_sha256");
  cases[8] = {"settings.seed", "not set", "'1'"};
  cases[8].header.settings["seed"] = "1";
  for (const Case& made : cases) {
    const Error error = error_of_opening(path, made.header);
    EXPECT_EQ(error.kind(), ErrorKind::results);
    EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr(made.key), HasSubstr(made.before),
                                    HasSubstr(made.now), HasSubstr("another folder")));
  }
}

TEST(SweepStore, RefusesAGridThatIsNotInOrder) {
  const TemporaryFolder folder;
  for (const SweepGrid& grid : {SweepGrid{{}, {0.0F, 1.0F}}, SweepGrid{{0}, {1.0F}}, SweepGrid{{1, 0}, {0.0F, 1.0F}},
                                SweepGrid{{0, 0}, {0.0F, 1.0F}}, SweepGrid{{0}, {1.0F, 0.0F}},
                                SweepGrid{{0}, {0.0F, std::numeric_limits<float>::quiet_NaN()}}}) {
    SweepStoreHeader header = store_header();
    header.grid = grid;
    EXPECT_EQ(error_of_opening(folder / "sweep.sqlite", header).kind(), ErrorKind::usage);
  }
  EXPECT_THAT(files_in(folder), testing::IsEmpty());
}

TEST(SweepStore, RefusesARecordOfAnotherShape) {
  const TemporaryFolder folder;
  SweepStore store = SweepStore::open(folder / "sweep.sqlite", store_header());
  SweepRecord fewer_layers = store_record(0);
  fewer_layers.propensity[1] = {1, 3, {1, 2, 3}};
  SweepRecord fewer_methods = store_record(0);
  fewer_methods.propensity.pop_back();
  SweepRecord fewer_encodings = store_record(0);
  fewer_encodings.encodings.pop_back();
  SweepRecord narrower_encoding = store_record(0);
  narrower_encoding.encodings[0].pop_back();
  for (const SweepRecord& record : {fewer_layers, fewer_methods, fewer_encodings, narrower_encoding}) {
    EXPECT_EQ(error_of([&] { store.add(record); }).kind(), ErrorKind::usage);
  }
  EXPECT_THAT(store.records(), testing::IsEmpty());
}

TEST(SweepStore, RefusesValuesThatAreNotFinite) {
  const TemporaryFolder folder;
  SweepStore store = SweepStore::open(folder / "sweep.sqlite", store_header());
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
    SweepRecord propensity = store_record(4);
    propensity.propensity[1].values[5] = value;
    SweepRecord encoding = store_record(4);
    encoding.encodings[1][2] = value;
    for (const SweepRecord& record : {propensity, encoding}) {
      const Error error = error_of([&] { store.add(record); });
      EXPECT_EQ(error.kind(), ErrorKind::engine);
      EXPECT_THAT(error.what(), AllOf(HasSubstr("sample 4"), HasSubstr("not finite")));
    }
  }
  EXPECT_FALSE(store.contains({4, PromptVariant::base}));
}

TEST(SweepStore, KeepsTheLastNoiseFloor) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  {
    SweepStore store = SweepStore::open(path, store_header());
    EXPECT_FALSE(store.noise_floor());
    store.set_noise_floor({1, 2.0, 3.0, 4});
    store.set_noise_floor({4, 0.1, 0.25, 1});
  }
  const auto noise = SweepStore::read(path).noise_floor();
  ASSERT_TRUE(noise);
  EXPECT_EQ(noise->samples, 4U);
  EXPECT_EQ(noise->propensity, 0.1);
  EXPECT_EQ(noise->steerability, 0.25);
  EXPECT_EQ(noise->best_layer_changes, 1U);
}

TEST(SweepStore, HasTidyTablesForOtherTools) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  {
    SweepStore store = SweepStore::open(path, store_header());
    SweepRecord record = store_record(1, PromptVariant::system_positive);
    record.id = std::string("question 17");
    record.part = SplitPart::validation;
    record.propensity[0].values = {-2, 0, 0.5, 1, 1, 1};  // a line of no slope in layer 7
    store.add(record);
    store.add(store_record(2));
  }
  EXPECT_EQ(query(path, "SELECT sample, variant, id, typeof(id), part FROM samples ORDER BY sample"),
            "1|SYS.POS|question 17|text|validation|2|BASE|102|integer|test|");
  EXPECT_EQ(
      query(path, "SELECT layer, round(multiplier, 6), value FROM propensity WHERE sample = 1 AND method = 'caa'"),
      "2|-1.0|-2.0|2|0.0|0.0|2|0.1|0.5|7|-1.0|1.0|7|0.0|1.0|7|0.1|1.0|");
  EXPECT_EQ(query(path, "SELECT value FROM steerability WHERE sample = 1 AND layer = 7 AND method = 'caa'"), "0.0|");
  EXPECT_EQ(query(path, "SELECT method, count(*) FROM steerability GROUP BY method"), "alpha|4|caa|4|");
  EXPECT_EQ(query(path, "SELECT encoder, length(value) FROM encodings WHERE sample = 2 ORDER BY encoder"),
            "first-last|12|layer4-mean|12|");
  EXPECT_EQ(query(path, "SELECT value FROM header WHERE key = 'settings.model_sha256'"), "abc|");
}

TEST(SweepStore, LeavesOneFileWhenItIsClosed) {
  const TemporaryFolder folder;
  SweepStore::open(folder / "sweep.sqlite", store_header()).add(store_record(0));
  EXPECT_THAT(files_in(folder), testing::ElementsAre("sweep.sqlite"));
  static_cast<void>(SweepStore::read(folder / "sweep.sqlite").records());
  EXPECT_THAT(files_in(folder), testing::ElementsAre("sweep.sqlite"));
}

TEST(SweepStore, CanBeReadWhileItIsWritten) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  auto writer = std::make_unique<SweepStore>(SweepStore::open(path, store_header()));
  writer->add(store_record(0));
  {
    const SweepStore reader = SweepStore::read(path);
    EXPECT_EQ(reader.records().size(), 1U);
    writer->add(store_record(1));
    EXPECT_EQ(reader.records().size(), 2U);
    EXPECT_EQ(query(path, "SELECT count(*) FROM samples"), "2|");
    writer.reset();
    EXPECT_EQ(reader.records().size(), 2U);
  }
  EXPECT_THAT(files_in(folder), testing::ElementsAre("sweep.sqlite"));
}

TEST(SweepStore, RefusesASecondWriter) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  {
    SweepStore store = SweepStore::open(path, store_header());
    for (std::size_t sample = 0; sample < 3; ++sample) {
      const Error error = error_of_opening(path, store_header());
      EXPECT_EQ(error.kind(), ErrorKind::results);
      EXPECT_THAT(error.what(), AllOf(HasSubstr("another w2s is writing"), HasSubstr(path.string())));
      store.add(store_record(sample));
    }
  }
  EXPECT_EQ(SweepStore::open(path, store_header()).records().size(), 3U);
}

TEST(SweepStore, RefusesToWriteWhatWasOpenedForReading) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  static_cast<void>(SweepStore::open(path, store_header()));
  SweepStore store = SweepStore::read(path);
  EXPECT_EQ(error_of([&] { store.add(store_record(0)); }).kind(), ErrorKind::usage);
  EXPECT_EQ(error_of([&] { store.set_noise_floor({}); }).kind(), ErrorKind::usage);
}

TEST(SweepStore, LeavesFilesOfOtherProgramsAsTheyAre) {
  const TemporaryFolder folder;
  const fs::path text = folder / "notes.txt";
  write_file(text, std::string(4096, 'x'));
  const fs::path database = folder / "other.sqlite";
  write_file(database, "");
  query(database, "CREATE TABLE samples(x)");
  for (const fs::path& path : {text, database}) {
    const std::string before = read_file(path);
    for (const Error& error : {error_of_opening(path, store_header()), error_of_reading(path)}) {
      EXPECT_EQ(error.kind(), ErrorKind::io);
      EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr("not ")));
    }
    EXPECT_EQ(read_file(path), before);
  }
}

TEST(SweepStore, RefusesAnotherVersionOfItself) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  static_cast<void>(SweepStore::open(path, store_header()));
  query(path, "PRAGMA user_version = 99");
  for (const Error& error : {error_of_opening(path, store_header()), error_of_reading(path)}) {
    EXPECT_EQ(error.kind(), ErrorKind::results);
    EXPECT_THAT(error.what(), HasSubstr("version 99"));
  }
}

TEST(SweepStore, SaysThatThereIsNoSweepYet) {
  const TemporaryFolder folder;
  const fs::path empty = folder / "empty.sqlite";
  write_file(empty, "");
  for (const fs::path& path : {folder / "absent.sqlite", empty}) {
    const Error error = error_of_reading(path);
    EXPECT_EQ(error.kind(), ErrorKind::results);
    EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr("run the sweep")));
  }
  EXPECT_FALSE(fs::exists(folder / "absent.sqlite"));
}

TEST(SweepStore, SaysWhichFileCannotBeOpened) {
  const TemporaryFolder folder;
  for (const fs::path& path : {folder / "absent/sweep.sqlite", folder.path()}) {
    const Error error = error_of_opening(path, store_header());
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_THAT(error.what(), HasSubstr(path.string()));
  }
}

TEST(SweepStore, SaysWhereItIsDamaged) {
  const char* const damages[] = {
      "DELETE FROM propensity WHERE sample = 1 AND layer = 7",
      "DELETE FROM propensity WHERE sample = 1 AND method = 'caa'",
      "UPDATE propensity SET multiplier = 0.2 WHERE sample = 1 AND multiplier > 0",
      "DELETE FROM encodings WHERE sample = 1",
      "UPDATE encodings SET encoder = 'unknown' WHERE sample = 1 AND encoder = 'first-last'",
      "UPDATE encodings SET value = x'00' WHERE sample = 1",
      "UPDATE samples SET part = 'exam' WHERE sample = 1",
  };
  for (const char* const damage : damages) {
    const TemporaryFolder folder;
    const fs::path path = folder / "sweep.sqlite";
    {
      SweepStore store = SweepStore::open(path, store_header());
      for (std::size_t sample = 0; sample < 3; ++sample) store.add(store_record(sample));
    }
    query(path, damage);
    const Error error = error_of([&] { static_cast<void>(SweepStore::read(path).records()); });
    EXPECT_EQ(error.kind(), ErrorKind::io) << damage;
    EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr("sample 1"))) << damage;
  }
}

TEST(SweepStore, SaysWhichPartOfItsHeaderIsDamaged) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  static_cast<void>(SweepStore::open(path, store_header()));
  for (const char* const damage :
       {"UPDATE header SET value = '2,x' WHERE key = 'layers'", "DELETE FROM header WHERE key = 'layers'"}) {
    query(path, damage);
    const Error error = error_of_reading(path);
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr("'layers'")));
  }
}

TEST(SweepStore, GivesWholeRecordsOrAnErrorWhenItIsTruncated) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sweep.sqlite";
  {
    SweepStore store = SweepStore::open(path, store_header());
    for (std::size_t sample = 0; sample < 12; ++sample) store.add(store_record(sample));
  }
  const std::string whole = read_file(path);
  for (std::size_t size = 1; size < whole.size(); size += 1789) {
    write_file(path, whole.substr(0, size));
    try {
      const std::vector<SweepRecord> records = SweepStore::read(path).records();
      ASSERT_EQ(records.size(), 12U);
      for (std::size_t sample = 0; sample < 12; ++sample) expect_same_record(records[sample], store_record(sample));
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(path.string())) << size;
    }
  }
}

}  // namespace
}  // namespace w2s
