#include "sweep/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstring>
#include <exception>
#include <string>

#include "w2s/base.h"

namespace w2s::sqlite {

Database::Database(const std::filesystem::path& path, Access access) : path_(path) {
  const int flags = SQLITE_OPEN_READWRITE | (access == Access::create ? SQLITE_OPEN_CREATE : 0);
  // An absolute path cannot be one of SQLite's special names, such as ":memory:".
  const int code = sqlite3_open_v2(std::filesystem::absolute(path).c_str(), &handle_, flags, nullptr);
  if (code == SQLITE_OK) return;
  try {
    fail(code);
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

Database::~Database() { sqlite3_close(handle_); }

void Database::execute(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }

std::int64_t Database::query_integer(std::string_view sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

void Database::set_busy_timeout(std::chrono::milliseconds timeout) noexcept {
  sqlite3_busy_timeout(handle_, static_cast<int>(timeout.count()));
}

bool Database::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }

void Database::roll_back() noexcept {
  if (in_transaction()) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

int Database::changes() const noexcept { return sqlite3_changes(handle_); }

void Database::check(int code) const {
  if (code != SQLITE_OK) fail(code);
}

void Database::fail(int code) const {
  const std::string file = path_.string();
  const int cause = handle_ != nullptr ? sqlite3_system_errno(handle_) : 0;
  const std::string reason =
      cause != 0 ? fmt::format("{} ({})", sqlite3_errstr(code), std::strerror(cause)) : sqlite3_errstr(code);
  constexpr int primary_code = 0xff;
  switch (code & primary_code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(ErrorKind::results,
                  fmt::format("another w2s is writing {}: wait until it has ended, or use another folder", file));
    case SQLITE_NOTADB:
      throw Error(ErrorKind::io, fmt::format("{} is not an SQLite file: use another path, or move it away", file));
    case SQLITE_CORRUPT:
      throw Error(ErrorKind::io, fmt::format("{} is damaged: move it away and run again", file));
    case SQLITE_FULL:
      throw Error(ErrorKind::io,
                  fmt::format("cannot write {}: the disk is full; what was written before is kept", file));
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      throw Error(ErrorKind::io, fmt::format("cannot read or write {}: {}", file, reason));
    default:
      throw Error(ErrorKind::io, fmt::format("{}: {}", file, handle_ != nullptr ? sqlite3_errmsg(handle_) : reason));
  }
}

Statement::Statement(Database& database, std::string_view sql) : database_(&database) {
  database.check(sqlite3_prepare_v2(database.handle_, sql.data(), static_cast<int>(sql.size()), &handle_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(handle_); }

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  database_->fail(code);
}

// What a reset returns is the failure of the last step, which was thrown then.
void Statement::reset() noexcept { sqlite3_reset(handle_); }

bool Statement::is_integer(int column) const noexcept { return sqlite3_column_type(handle_, column) == SQLITE_INTEGER; }

std::int64_t Statement::integer(int column) const noexcept { return sqlite3_column_int64(handle_, column); }

double Statement::real(int column) const noexcept { return sqlite3_column_double(handle_, column); }

std::string_view Statement::text(int column) const noexcept {
  const unsigned char* text = sqlite3_column_text(handle_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::span<const std::byte> Statement::blob(int column) const noexcept {
  const void* bytes = sqlite3_column_blob(handle_, column);
  return {static_cast<const std::byte*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

void Statement::bind(int index, std::int64_t value) { database_->check(sqlite3_bind_int64(handle_, index, value)); }

void Statement::bind(int index, std::size_t value) { bind(index, static_cast<std::int64_t>(value)); }

void Statement::bind(int index, double value) { database_->check(sqlite3_bind_double(handle_, index, value)); }

void Statement::bind(int index, std::string_view value) {
  database_->check(sqlite3_bind_text64(handle_, index, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind(int index, std::span<const std::byte> value) {
  database_->check(sqlite3_bind_blob64(handle_, index, value.data(), value.size(), SQLITE_STATIC));
}

Snapshot::~Snapshot() {
  try {
    database_->execute("RELEASE snapshot");
  } catch (const std::exception&) {
    // Nothing was written inside it; SQLite has ended it itself.
  }
}

}  // namespace w2s::sqlite
