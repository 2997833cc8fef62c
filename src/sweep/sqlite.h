// The little of SQLite that a store needs, with its handles owned and its error codes thrown as w2s::Error.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace w2s::sqlite {

/// A connection to one database file. Every failure is thrown: Error{results} if another process holds a lock that is
/// needed, else Error{io}; both name the file.
class Database {
 public:
  enum class Access { existing, create };

  Database(const std::filesystem::path& path, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs statements that return nothing of interest.
  void execute(const char* sql);
  /// The first column of the first row; 0 for no row.
  [[nodiscard]] std::int64_t query_integer(std::string_view sql);

  /// For how long to try again while another process holds a lock.
  void set_busy_timeout(std::chrono::milliseconds timeout) noexcept;
  [[nodiscard]] bool in_transaction() const noexcept;
  /// Ends the transaction, if there is one, without its changes. (SQLite ends it itself after some failures.)
  void roll_back() noexcept;
  /// Rows that the last INSERT, UPDATE or DELETE changed.
  [[nodiscard]] int changes() const noexcept;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  friend class Statement;
  void check(int code) const;
  [[noreturn]] void fail(int code) const;

  std::filesystem::path path_;
  sqlite3* handle_ = nullptr;
};

/// A prepared statement, used again and again. Parameters count from 1, columns from 0, as in SQLite.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Starts anew with these parameters. Text and blobs are not copied: they live until the last step.
  template <typename... Values>
  void start(const Values&... values) {
    reset();
    int index = 0;
    (bind(++index, values), ...);
  }
  /// Moves to the next row; false after the last one.
  bool step();
  /// Ends the statement, and with it the lock it holds.
  void reset() noexcept;

  /// Starts, steps to the end and resets.
  template <typename... Values>
  void run(const Values&... values) {
    start(values...);
    while (step()) {
    }
    reset();
  }

  // Columns of the current row; text and blobs live until the next step.
  [[nodiscard]] bool is_integer(int column) const noexcept;
  [[nodiscard]] std::int64_t integer(int column) const noexcept;
  [[nodiscard]] double real(int column) const noexcept;
  [[nodiscard]] std::string_view text(int column) const noexcept;
  [[nodiscard]] std::span<const std::byte> blob(int column) const noexcept;

 private:
  void bind(int index, std::int64_t value);
  void bind(int index, std::size_t value);
  void bind(int index, double value);
  void bind(int index, std::string_view value);
  void bind(int index, std::span<const std::byte> value);

  Database* database_;
  sqlite3_stmt* handle_ = nullptr;
};

/// Several queries that see one state of the database, inside a transaction or outside.
class Snapshot {
 public:
  explicit Snapshot(Database& database) : database_(&database) { database_->execute("SAVEPOINT snapshot"); }
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  Database* database_;
};

}  // namespace w2s::sqlite
