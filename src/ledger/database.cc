// SPDX-License-Identifier: Apache-2.0
#include "ledger/database.h"

#include <sqlite3.h>
#include <zlib.h>

#include <utility>

#include "base/disk.h"
#include "base/try.h"

namespace rowcall::ledger {
namespace {

constexpr int kBusyMs = 10'000;  // readers may hold up the writer for a moment, not longer

Error database_error(sqlite3* database, int code, const std::filesystem::path& path) {
  Error error{ErrorCode::kStorage, path.string(),
              database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code), "", ""};
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return damaged(path, error.found);
    case SQLITE_FULL:
      error.found = "no space left on the device";
      error.mend = "Make room, then run again to go on.";
      break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      error.code = ErrorCode::kDenied;
      error.expected = "a run directory that may be written";
      break;
    case SQLITE_CANTOPEN:
      error.expected = "a file that may be opened";
      if (int number = database != nullptr ? sqlite3_system_errno(database) : 0; number != 0) {
        error = disk_error(path, "opening", number);
      }
      break;
    case SQLITE_IOERR: error.mend = "Run again to go on once the disk is well."; break;
    default: break;
  }
  return error;
}

}  // namespace

Error damaged(const std::filesystem::path& path, const std::string& found) {
  return {
      ErrorCode::kInput, path.string(), "it is damaged: " + found, "the ledger as rowcall wrote it",
      "Restore it from a copy, or remove it: a run then goes on behind the parts at its sink. --fresh with "
      "--overwrite starts anew."};
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}
void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

Statement& Statement::bind(int index, std::string_view bytes) {
  sqlite3_bind_text64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

Result<bool> Statement::step() {
  int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(database_error(sqlite3_db_handle(statement_.get()), code, path_));
}

Result<void> Statement::done() {
  TRY_VOID(step());
  sqlite3_reset(statement_.get());
  return {};
}

std::int64_t Statement::whole(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Result<Database> Database::open(const std::filesystem::path& path, Mode mode) {
  int flags = SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= mode == Mode::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::kCreate) flags |= SQLITE_OPEN_CREATE;
  std::error_code ignored;
  if (mode != Mode::kCreate && !std::filesystem::exists(path, ignored)) {
    return failure({ErrorCode::kNotFound, path.string(), "there is no ledger", "", ""});
  }
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database database(handle, path);
  if (code != SQLITE_OK) return failure(database_error(handle, code, path));
  sqlite3_busy_timeout(handle, kBusyMs);
  TRY_VOID(database.run("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON"));
  return database;
}

Result<void> Database::run(const std::string& sql) {
  int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(database_error(database_.get(), code, path_));
  return {};
}

Result<Statement> Database::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  int code =
      sqlite3_prepare_v2(database_.get(), sql.c_str(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return failure(database_error(database_.get(), code, path_));
  return Statement(statement, path_);
}

Result<std::int64_t> Database::number(const std::string& sql) {
  TRY(Statement statement, prepare(sql));
  TRY(bool found, statement.step());
  return found ? statement.whole(0) : 0;
}

Result<std::string> Database::text(const std::string& sql) {
  TRY(Statement statement, prepare(sql));
  TRY(bool found, statement.step());
  return found ? std::string(statement.bytes(0)) : std::string();
}

Result<Transaction> Transaction::begin(Database& database) {
  TRY_VOID(database.run("BEGIN IMMEDIATE"));
  return Transaction(&database);
}

Transaction::~Transaction() {
  // After some errors SQLite has rolled back by itself; then this says so, which is all right.
  if (database_ == nullptr) return;
  Result<void> rolled_back = database_->run("ROLLBACK");
  static_cast<void>(rolled_back);
}

Result<void> Transaction::commit() {
  TRY_VOID(database_->run("COMMIT"));
  database_ = nullptr;
  return {};
}

Checksum& Checksum::add(std::string_view bytes) {
  add(static_cast<std::int64_t>(bytes.size()));
  value_ =
      static_cast<std::uint32_t>(crc32_z(value_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  return *this;
}

Checksum& Checksum::add(std::int64_t value) {
  unsigned char bytes[8];
  for (int i = 0; i < 8; ++i)
    bytes[i] = static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> (8 * i));
  value_ = static_cast<std::uint32_t>(crc32_z(value_, bytes, sizeof bytes));
  return *this;
}

}  // namespace rowcall::ledger
