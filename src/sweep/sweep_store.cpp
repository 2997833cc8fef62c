#include "w2s/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <exception>
#include <numeric>
#include <span>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/values.h"
#include "sweep/sqlite.h"
#include "sweep/store_header.h"
#include "w2s/base.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;
using sqlite::Database;
using sqlite::Statement;

// "w2sw" in ASCII; marks the SQLite files that are sweep stores.
constexpr std::int64_t application_id = 0x77327377;
constexpr std::int64_t schema_version = 3;

// How long a reader, or a writer between two samples, waits for another process to finish what takes moments.
constexpr std::chrono::milliseconds patience{2000};

// Keys begin with the variant because variants are swept one after the other: rows are then appended, and read back in
// order without sorting. Blobs are too large for the pages of a table WITHOUT ROWID.
constexpr const char* schema = R"sql(
CREATE TABLE header(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE samples(sample INTEGER NOT NULL, variant TEXT NOT NULL, id NOT NULL, part TEXT NOT NULL,
                     layers TEXT NOT NULL, PRIMARY KEY(variant, sample)) WITHOUT ROWID;
CREATE TABLE propensity(sample INTEGER NOT NULL, variant TEXT NOT NULL, method TEXT NOT NULL, layer INTEGER NOT NULL,
                        multiplier REAL NOT NULL, value REAL NOT NULL,
                        PRIMARY KEY(variant, sample, method, layer, multiplier)) WITHOUT ROWID;
CREATE TABLE steerability(sample INTEGER NOT NULL, variant TEXT NOT NULL, method TEXT NOT NULL,
                          layer INTEGER NOT NULL, value REAL NOT NULL,
                          PRIMARY KEY(variant, sample, method, layer)) WITHOUT ROWID;
CREATE TABLE encodings(sample INTEGER NOT NULL, variant TEXT NOT NULL, encoder TEXT NOT NULL, value BLOB NOT NULL,
                       PRIMARY KEY(variant, sample, encoder));
CREATE TABLE noise_floor(samples INTEGER NOT NULL, propensity REAL NOT NULL, steerability REAL NOT NULL,
                         best_layer_changes INTEGER NOT NULL);
)sql";

[[noreturn]] void throw_damaged(const fs::path& path, SweepKey key) {
  throw Error(ErrorKind::io, fmt::format("{} is damaged at sample {}, variant {}: move it away and run again",
                                         path.string(), key.sample, to_string(key.variant)));
}

std::vector<std::byte> to_little_endian(std::span<const float> values) {
  std::vector<std::byte> bytes;
  bytes.reserve(values.size() * sizeof(float));
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::byte>(bits >> shift));
  }
  return bytes;
}

std::vector<float> from_little_endian(std::span<const std::byte> bytes) {
  std::vector<float> values;
  values.reserve(bytes.size() / sizeof(float));
  for (; bytes.size() >= sizeof(float); bytes = bytes.subspan(sizeof(float))) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < sizeof(float); ++i) bits |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * i);
    values.push_back(std::bit_cast<float>(bits));
  }
  return values;
}

void check_finite(const SweepRecord& record) {
  const auto is_finite = [](std::span<const float> values) { return all_finite(values); };
  if (std::ranges::all_of(record.propensity, is_finite, &PropensityMap::values) &&
      std::ranges::all_of(record.encodings, is_finite))
    return;
  throw Error(ErrorKind::engine,
              fmt::format("sample {} (id {}), variant {}: the model computed a value that is not finite; check the "
                          "model and the vectors",
                          record.key.sample, to_string(record.id), to_string(record.key.variant)));
}

// A record's own layers, or those of the grid.
const std::vector<std::size_t>& layers_of(const SweepRecord& record, const SweepStoreHeader& header) {
  return record.layers.empty() ? header.grid.layers : record.layers;
}

constexpr std::string_view all_layers = "all";

std::string layers_text(const SweepRecord& record) {
  return record.layers.empty() ? std::string(all_layers) : fmt::format("{}", fmt::join(record.layers, ","));
}

void check_shape(const SweepRecord& record, const SweepStoreHeader& header) {
  const auto& layers = layers_of(record, header);
  if (!std::ranges::includes(header.grid.layers, layers)) {
    throw Error(ErrorKind::usage,
                fmt::format("sample {}: its layers are not among the store's grid's, or not in ascending order",
                            record.key.sample));
  }
  const auto has_shape = [&](const PropensityMap& map) {
    return map.layers == layers.size() && map.multipliers == header.grid.multipliers.size() &&
           map.values.size() == map.layers * map.multipliers;
  };
  const bool fits_grid =
      record.propensity.size() == header.methods.size() && std::ranges::all_of(record.propensity, has_shape);
  const bool fits_encoders =
      record.encodings.size() == header.encoders.size() &&
      std::ranges::all_of(record.encodings, [&](const auto& encoding) { return encoding.size() == header.width; });
  if (fits_grid && fits_encoders) return;
  throw Error(ErrorKind::usage,
              fmt::format("sample {}: the record has not the shape of the store's methods, grid and encoders",
                          record.key.sample));
}

PromptVariant parse_variant(std::string_view name, const fs::path& path) {
  for (const PromptVariant variant : prompt_variants()) {
    if (name == to_string(variant)) return variant;
  }
  throw Error(ErrorKind::io, fmt::format("{} is damaged: there is no prompt variant '{}'; move it away and run again",
                                         path.string(), name));
}

SplitPart parse_part(std::string_view name, const fs::path& path, SweepKey key) {
  for (const SplitPart part : {SplitPart::train, SplitPart::validation, SplitPart::test}) {
    if (name == to_string(part)) return part;
  }
  throw_damaged(path, key);
}

void throw_if_missing(const fs::path& path) {
  std::error_code ignored;  // what exists and cannot be opened is reported by opening it
  if (fs::status(path, ignored).type() != fs::file_type::not_found) return;
  throw Error(ErrorKind::results, fmt::format("there is no sweep at {}: run the sweep first", path.string()));
}

// An SQLite file with nothing in it is what is left of a store whose creation was cut off.
bool is_empty(Database& database) { return database.query_integer("SELECT count(*) FROM sqlite_master") == 0; }

void check_is_store(Database& database) {
  if (database.query_integer("PRAGMA application_id") != application_id) {
    throw Error(ErrorKind::io, fmt::format("{} is an SQLite file of another kind, not a sweep store: use another path",
                                           database.path().string()));
  }
  const std::int64_t version = database.query_integer("PRAGMA user_version");
  if (version != schema_version) {
    throw Error(ErrorKind::results,
                fmt::format("{} was written by another version of w2s (store version {}, this one has {}): use another "
                            "folder",
                            database.path().string(), version, schema_version));
  }
}

std::map<std::string, std::string> read_header_rows(Database& database) {
  std::map<std::string, std::string> rows;
  Statement select(database, "SELECT key, value FROM header");
  while (select.step()) rows.emplace(select.text(0), select.text(1));
  return rows;
}

// From how layers_text put them; empty for all.
std::vector<std::size_t> parse_layers_text(std::string_view text, const SweepStoreHeader& header, const fs::path& path,
                                           SweepKey key) {
  if (text == all_layers) return {};
  try {
    return parse_layers(text, header.model_layers);
  } catch (const Error&) {
    throw_damaged(path, key);
  }
}

// What writing a sample needs, prepared once.
struct InsertStatements {
  explicit InsertStatements(Database& database)
      : sample(database, "INSERT INTO samples(sample, variant, id, part, layers) VALUES (?, ?, ?, ?, ?)"),
        propensity(database,
                   "INSERT INTO propensity(sample, variant, method, layer, multiplier, value) "
                   "VALUES (?, ?, ?, ?, ?, ?)"),
        steerability(database,
                     "INSERT INTO steerability(sample, variant, method, layer, value) VALUES (?, ?, ?, ?, ?)"),
        encoding(database, "INSERT INTO encodings(sample, variant, encoder, value) VALUES (?, ?, ?, ?)") {}

  Statement sample;
  Statement propensity;
  Statement steerability;
  Statement encoding;
};

}  // namespace

// A writer is always inside a transaction: it commits a sample and begins the next transaction at once. That keeps
// other writers out for as long as it lives, ends with its process whatever happens, and lets readers in (WAL).
struct SweepStore::State {
  State(const fs::path& path, Database::Access access) : database(path, access) { database.set_busy_timeout(patience); }

  // A finished store is one plain file that can be read anywhere, also on a read-only disk. If a reader is there, it
  // stays in WAL mode.
  ~State() {
    if (!is_writer) return;
    database.roll_back();
    try {
      database.set_busy_timeout(std::chrono::milliseconds{0});
      database.execute("PRAGMA journal_mode = DELETE");
    } catch (const std::exception&) {
      // Every sample is committed; the next one to open the file does what could not be done here.
    }
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void become_writer() {
    database.execute("PRAGMA journal_mode = WAL");
    database.execute("PRAGMA synchronous = FULL");
    is_writer = true;
    // Not waited for: between two samples the lock of a running writer is free for a moment.
    database.set_busy_timeout(std::chrono::milliseconds{0});
    hold_write_lock();
    database.set_busy_timeout(patience);
  }

  void hold_write_lock() {
    if (!database.in_transaction()) database.execute("BEGIN IMMEDIATE");
  }

  // Commits what `write` writes, or leaves the store as it was.
  template <typename Write>
  void commit(const Write& write) {
    if (!is_writer) {
      throw Error(ErrorKind::usage, fmt::format("{} was opened for reading only", database.path().string()));
    }
    hold_write_lock();
    try {
      write();
      database.execute("COMMIT");
    } catch (...) {
      database.roll_back();
      throw;
    }
    hold_write_lock();
  }

  void create(const SweepStoreHeader& wanted) {
    commit([&] {
      database.execute(schema);
      database.execute(fmt::format("PRAGMA application_id = {}", application_id).c_str());
      database.execute(fmt::format("PRAGMA user_version = {}", schema_version).c_str());
      Statement insert(database, "INSERT INTO header(key, value) VALUES (?, ?)");
      for (const auto& [key, value] : header_rows(wanted)) insert.run(std::string_view(key), std::string_view(value));
    });
  }

  void set_header(SweepStoreHeader value) {
    header = std::move(value);
    for (const PromptEncoder& encoder : header.encoders) encoder_names.push_back(to_string(encoder));
  }

  void insert(const SweepRecord& record);
  void insert_map(const SweepKey& key, std::string_view method, std::span<const std::size_t> layers,
                  const PropensityMap& map);
  // How many layers a sample was swept at; nothing for one that is not there.
  [[nodiscard]] std::optional<std::size_t> layers_in_store(SweepKey key);
  void erase(SweepKey key);
  [[nodiscard]] std::vector<SweepRecord> read_samples();
  void read_propensities(std::span<SweepRecord> records);
  [[nodiscard]] PropensityMap read_map(Statement& select, const SweepRecord& record, std::string_view method) const;
  void read_encodings(std::span<SweepRecord> records);

  Database database;
  SweepStoreHeader header;
  std::vector<std::string> encoder_names;
  std::optional<InsertStatements> inserts;  ///< of a writer
  bool is_writer = false;
};

void SweepStore::State::insert(const SweepRecord& record) {
  const std::size_t sample = record.key.sample;
  const std::string_view variant = to_string(record.key.variant);
  if (const auto there = layers_in_store(record.key)) {
    if (*there >= layers_of(record, header).size()) return;
    erase(record.key);
  }
  const std::string layers = layers_text(record);
  std::visit(
      [&](const auto& id) {
        if constexpr (std::is_same_v<std::decay_t<decltype(id)>, std::string>) {
          inserts->sample.run(sample, variant, std::string_view(id), to_string(record.part), std::string_view(layers));
        } else {
          inserts->sample.run(sample, variant, id, to_string(record.part), std::string_view(layers));
        }
      },
      record.id);
  for (std::size_t i = 0; i < header.methods.size(); ++i)
    insert_map(record.key, header.methods[i], layers_of(record, header), record.propensity[i]);
  for (std::size_t i = 0; i < encoder_names.size(); ++i) {
    const std::vector<std::byte> bytes = to_little_endian(record.encodings[i]);
    inserts->encoding.run(sample, variant, std::string_view(encoder_names[i]), std::span<const std::byte>(bytes));
  }
}

std::optional<std::size_t> SweepStore::State::layers_in_store(SweepKey key) {
  Statement select(database, "SELECT layers FROM samples WHERE variant = ? AND sample = ?");
  select.start(to_string(key.variant), key.sample);
  if (!select.step()) return std::nullopt;
  const auto layers = parse_layers_text(select.text(0), header, database.path(), key);
  return layers.empty() ? header.grid.layers.size() : layers.size();
}

void SweepStore::State::erase(SweepKey key) {
  for (const auto* table : {"samples", "propensity", "steerability", "encodings"}) {
    Statement remove(database, fmt::format("DELETE FROM {} WHERE variant = ? AND sample = ?", table));
    remove.run(to_string(key.variant), key.sample);
  }
}

void SweepStore::State::insert_map(const SweepKey& key, std::string_view method, std::span<const std::size_t> layers,
                                   const PropensityMap& map) {
  const std::string_view variant = to_string(key.variant);
  const auto& multipliers = header.grid.multipliers;
  const std::vector<double> slopes = steerability(multipliers, map);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::span<const float> propensity = map.layer(i);
    for (std::size_t j = 0; j < multipliers.size(); ++j) {
      inserts->propensity.run(key.sample, variant, method, layers[i], static_cast<double>(multipliers[j]),
                              static_cast<double>(propensity[j]));
    }
    inserts->steerability.run(key.sample, variant, method, layers[i], slopes[i]);
  }
}

std::vector<SweepRecord> SweepStore::State::read_samples() {
  std::vector<SweepRecord> records;
  Statement select(database, "SELECT sample, variant, id, part, layers FROM samples ORDER BY variant, sample");
  while (select.step()) {
    SweepRecord record;
    record.key = {static_cast<std::size_t>(select.integer(0)), parse_variant(select.text(1), database.path())};
    if (select.is_integer(2)) {
      record.id = select.integer(2);
    } else {
      record.id = std::string(select.text(2));
    }
    record.part = parse_part(select.text(3), database.path(), record.key);
    record.layers = parse_layers_text(select.text(4), header, database.path(), record.key);
    records.push_back(std::move(record));
  }
  return records;
}

// `records` come in the order of the tables' keys, so that one pass over each table fills all of them.
void SweepStore::State::read_propensities(std::span<SweepRecord> records) {
  Statement select(database,
                   "SELECT sample, variant, method, layer, multiplier, value FROM propensity "
                   "ORDER BY variant, sample, method, layer, multiplier");
  std::vector<std::size_t> order(header.methods.size());  // the table's
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t method) -> const std::string& { return header.methods[method]; });
  for (SweepRecord& record : records) {
    record.propensity.resize(header.methods.size());
    for (const std::size_t method : order) record.propensity[method] = read_map(select, record, header.methods[method]);
  }
}

PropensityMap SweepStore::State::read_map(Statement& select, const SweepRecord& record, std::string_view method) const {
  const auto& key = record.key;
  const auto& layers = layers_of(record, header);
  const auto& multipliers = header.grid.multipliers;
  PropensityMap map{.layers = layers.size(), .multipliers = multipliers.size(), .values = {}};
  map.values.reserve(layers.size() * multipliers.size());
  for (const std::size_t layer : layers) {
    for (const float multiplier : multipliers) {
      const bool expected = select.step() && static_cast<std::size_t>(select.integer(0)) == key.sample &&
                            select.text(1) == to_string(key.variant) && select.text(2) == method &&
                            static_cast<std::size_t>(select.integer(3)) == layer &&
                            select.real(4) == static_cast<double>(multiplier);
      if (!expected) throw_damaged(database.path(), key);
      map.values.push_back(static_cast<float>(select.real(5)));
    }
  }
  return map;
}

void SweepStore::State::read_encodings(std::span<SweepRecord> records) {
  Statement select(database, "SELECT sample, variant, encoder, value FROM encodings ORDER BY variant, sample");
  for (SweepRecord& record : records) {
    record.encodings.resize(encoder_names.size());
    for (std::size_t i = 0; i < encoder_names.size(); ++i) {
      const bool same_sample = select.step() && static_cast<std::size_t>(select.integer(0)) == record.key.sample &&
                               select.text(1) == to_string(record.key.variant);
      if (!same_sample) throw_damaged(database.path(), record.key);
      const auto name = std::ranges::find(encoder_names, select.text(2));
      const std::span<const std::byte> bytes = select.blob(3);
      if (name == encoder_names.end() || bytes.size() != header.width * sizeof(float)) {
        throw_damaged(database.path(), record.key);
      }
      record.encodings[static_cast<std::size_t>(name - encoder_names.begin())] = from_little_endian(bytes);
    }
  }
}

SweepStore SweepStore::open(const fs::path& path, const SweepStoreHeader& header) {
  check_header(header);
  auto state = std::make_unique<State>(path, Database::Access::create);
  Database& database = state->database;
  // Before anything is written: a file of another program stays as it is.
  if (!is_empty(database)) check_is_store(database);
  state->become_writer();
  if (is_empty(database)) {
    state->create(header);
  } else {
    check_is_store(database);
    check_same_header(read_header_rows(database), header, path);
  }
  state->set_header(header);
  state->inserts.emplace(database);
  return SweepStore(std::move(state));
}

SweepStore SweepStore::read(const fs::path& path) {
  throw_if_missing(path);
  auto state = std::make_unique<State>(path, Database::Access::existing);
  Database& database = state->database;
  if (is_empty(database)) {
    throw Error(ErrorKind::results, fmt::format("{} holds no sweep yet: run the sweep first", path.string()));
  }
  check_is_store(database);
  database.execute("PRAGMA query_only = ON");
  state->set_header(parse_header(read_header_rows(database), path));
  return SweepStore(std::move(state));
}

SweepStore::SweepStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
SweepStore::~SweepStore() = default;
SweepStore::SweepStore(SweepStore&&) noexcept = default;
SweepStore& SweepStore::operator=(SweepStore&&) noexcept = default;

const SweepStoreHeader& SweepStore::header() const noexcept { return state_->header; }

void SweepStore::add(const SweepRecord& record) {
  check_shape(record, state_->header);
  check_finite(record);
  state_->commit([&] { state_->insert(record); });
}

void SweepStore::merge(const fs::path& other) {
  throw_if_missing(other);
  // Opened for writing, so that nobody else is.
  const auto opened = SweepStore::open(other, state_->header);
  const auto records = opened.records();
  state_->commit([&] {
    for (const auto& record : records) state_->insert(record);
  });
  const auto noise = opened.noise_floor();
  if (noise && !noise_floor()) set_noise_floor(*noise);
}

bool SweepStore::contains(SweepKey key) const {
  Statement select(state_->database, "SELECT 1 FROM samples WHERE variant = ? AND sample = ?");
  select.start(to_string(key.variant), key.sample);
  return select.step();
}

std::vector<SweepRecord> SweepStore::records() const {
  std::vector<SweepRecord> records;
  {
    const sqlite::Snapshot snapshot(state_->database);
    records = state_->read_samples();
    state_->read_propensities(records);
    state_->read_encodings(records);
  }
  // The tables order variants by their names.
  std::ranges::sort(records, {},
                    [](const SweepRecord& record) { return std::tuple(record.key.variant, record.key.sample); });
  return records;
}

void SweepStore::set_noise_floor(const NoiseFloor& noise) {
  state_->commit([&] {
    state_->database.execute("DELETE FROM noise_floor");
    Statement insert(state_->database, "INSERT INTO noise_floor VALUES (?, ?, ?, ?)");
    insert.run(noise.samples, noise.propensity, noise.steerability, noise.best_layer_changes);
  });
}

std::optional<NoiseFloor> SweepStore::noise_floor() const {
  Statement select(state_->database, "SELECT samples, propensity, steerability, best_layer_changes FROM noise_floor");
  if (!select.step()) return std::nullopt;
  return NoiseFloor{static_cast<std::size_t>(select.integer(0)), select.real(1), select.real(2),
                    static_cast<std::size_t>(select.integer(3))};
}

}  // namespace w2s
