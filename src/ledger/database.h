// SPDX-License-Identifier: Apache-2.0
// One SQLite file: statements, values and errors in our way of telling them.
//
// Used by one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "rowcall/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rowcall::ledger {

/// A prepared statement. Values are bound from 1 on, columns counted from 0, as in SQLite.
class Statement {
 public:
  Statement& bind(int index, std::int64_t value);
  /// Lives on after the call: `bytes` is copied.
  Statement& bind(int index, std::string_view bytes);
  Statement& bind_blob(int index, std::string_view bytes);

  /// To the next row: true; at the end: false.
  Result<bool> step();
  /// Carries out a statement that gives no rows, and makes it ready for new values.
  Result<void> done();

  std::int64_t whole(int column) const;
  /// Valid until the next step.
  std::string_view bytes(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(sqlite3_stmt* statement, std::filesystem::path path)
      : statement_(statement), path_(std::move(path)) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::filesystem::path path_;
};

class Database {
 public:
  enum class Mode { kCreate, kWrite, kRead };
  /// kCreate makes the file if it is not there; the others fail with kNotFound.
  static Result<Database> open(const std::filesystem::path& path, Mode mode);

  /// Carries out statements without values.
  Result<void> run(const std::string& sql);
  Result<Statement> prepare(const std::string& sql);
  /// The first value of the first row: what a PRAGMA or a count says.
  Result<std::int64_t> number(const std::string& sql);
  Result<std::string> text(const std::string& sql);
  const std::filesystem::path& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  Database(sqlite3* database, std::filesystem::path path) : database_(database), path_(std::move(path)) {}

  std::unique_ptr<sqlite3, Close> database_;
  std::filesystem::path path_;
};

/// All that happens until `commit` happens, or nothing of it.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;
};

/// What the ledger says when something in it is not as it was written.
Error damaged(const std::filesystem::path& path, const std::string& found);

/// CRC-32 over the values of a row: found when a bit of it has flipped.
class Checksum {
 public:
  explicit Checksum(std::string_view table) { add(table); }
  Checksum& add(std::string_view bytes);
  Checksum& add(std::int64_t value);
  std::int64_t value() const { return value_; }

 private:
  std::uint32_t value_ = 0;
};

}  // namespace rowcall::ledger
