// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/disk.h"
#include "base/parse.h"
#include "base/try.h"
#include "ledger/range_text.h"
#include "ledger/segment.h"

namespace rowcall::ledger {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kApplication = 0x726f7763;  // "rowc"
constexpr std::int64_t kFreePages = 1000;          // more than that are given back to the disk in the end

constexpr const char* kTables = R"(
CREATE TABLE run (id INTEGER PRIMARY KEY CHECK (id = 1), run_id TEXT NOT NULL, job TEXT NOT NULL,
                  complete INTEGER NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE source_file (number INTEGER PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL, version TEXT NOT NULL,
                          crc INTEGER NOT NULL);
CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), parts INTEGER NOT NULL, failure_parts INTEGER NOT NULL,
                       next_row INTEGER NOT NULL, next_file INTEGER NOT NULL, next_row_in_file INTEGER NOT NULL,
                       next_byte INTEGER NOT NULL, next_line INTEGER NOT NULL, beyond TEXT NOT NULL, rows INTEGER NOT NULL, ok INTEGER NOT NULL,
                       no_match INTEGER NOT NULL, failed INTEGER NOT NULL, unreadable INTEGER NOT NULL,
                       crc INTEGER NOT NULL);
CREATE TABLE part (number INTEGER PRIMARY KEY, path TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
                   crc INTEGER NOT NULL);
CREATE TABLE answers (id INTEGER PRIMARY KEY, first_row INTEGER NOT NULL, last_row INTEGER NOT NULL, rows INTEGER NOT NULL,
                      data BLOB NOT NULL, crc INTEGER NOT NULL);
CREATE INDEX answers_by_row ON answers (last_row, first_row);
CREATE TABLE mark (id INTEGER PRIMARY KEY CHECK (id = 1), before INTEGER NOT NULL, under_way INTEGER NOT NULL,
                   crc INTEGER NOT NULL);
)";

constexpr std::array kCounted = {Ending::kOk, Ending::kNoMatch, Ending::kFailed, Ending::kUnreadable};

std::int64_t crc_of(const Segment& segment) {
  return Checksum("answers")
      .add(segment.first_row)
      .add(segment.last_row)
      .add(segment.rows)
      .add(segment.data)
      .value();
}

// A row of `answers`; columns from 0 on: first_row, last_row, rows, data, crc.
Segment segment_of(const Statement& row, bool& whole) {
  Segment segment{row.whole(0), row.whole(1), row.whole(2), std::string(row.bytes(3))};
  whole = crc_of(segment) == row.whole(4);
  return segment;
}

Error damaged_answers(const std::filesystem::path& path, const Segment& segment) {
  Error error = damaged(path, "the answers of rows " + grouped(segment.first_row + 1) + " to " +
                                  grouped(segment.last_row + 1) + " are not what was written");
  error.mend = "Restore it from a copy, or go on with --drop-damaged: these rows are called again.";
  return error;
}

bool is_done(const Commit& commit, std::int64_t row) {
  if (row < commit.next.row) return true;
  auto after = std::ranges::upper_bound(commit.beyond, row, {}, &RowRange::first);
  return after != commit.beyond.begin() && row < std::prev(after)->end;
}

}  // namespace

// The log makes commits durable with one sync; FULL, since an answer must outlive a loss of power, too.
Result<void> Ledger::make_durable_by_log() {
  return database_.run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216");
}

Result<std::unique_ptr<Ledger>> Ledger::create(const std::filesystem::path& path, const RunState& state,
                                               const SegmentPieces& kept) {
  TRY(Database database, Database::open(path, Database::Mode::kCreate));
  std::unique_ptr<Ledger> ledger(new Ledger(std::move(database)));
  TRY_VOID(ledger->make_durable_by_log());
  Database& db = ledger->database_;
  TRY(Transaction transaction, Transaction::begin(db));
  TRY_VOID(db.run(kTables));
  TRY_VOID(ledger->put_identity(state.identity, state.complete));
  TRY_VOID(ledger->put_progress(state.commit));
  TRY_VOID(ledger->put_mark(state.mark));
  int number = 0;
  for (const PartInfo& part : state.parts) TRY_VOID(ledger->put_part(++number, part));
  while (kept) {
    std::vector<Segment> segments = kept();
    if (segments.empty()) break;
    TRY_VOID(ledger->put_answers(segments));
  }
  TRY_VOID(db.run("PRAGMA application_id = " + std::to_string(kApplication) +
                  "; PRAGMA user_version = " + std::to_string(kVersion)));
  TRY_VOID(transaction.commit());
  TRY_VOID(sync_folder(path.parent_path()));
  return ledger;
}

Result<std::unique_ptr<Ledger>> Ledger::open_existing(const std::filesystem::path& path,
                                                      Database::Mode mode) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::unique_ptr<Ledger>();
  TRY(Database database, Database::open(path, mode));
  TRY(std::int64_t application, database.number("PRAGMA application_id"));
  TRY(std::int64_t version, database.number("PRAGMA user_version"));
  TRY(std::int64_t tables, database.number("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && tables == 0) return std::unique_ptr<Ledger>();
  if (application != kApplication) {
    return failure(
        {ErrorCode::kInput, path.string(), "a database of another program", "a ledger of rowcall", ""});
  }
  if (version > kVersion) {
    return failure({ErrorCode::kInput, path.string(), "version " + std::to_string(version),
                    "version " + std::to_string(kVersion) + " or older",
                    "Use the rowcall that wrote it, or a newer one."});
  }
  return std::unique_ptr<Ledger>(new Ledger(std::move(database)));
}

Result<std::unique_ptr<Ledger>> Ledger::open(const std::filesystem::path& path) {
  TRY(std::unique_ptr<Ledger> ledger, open_existing(path, Database::Mode::kWrite));
  if (!ledger) return ledger;
  TRY_VOID(ledger->make_durable_by_log());
  TRY(std::string verdict, ledger->database_.text("PRAGMA quick_check(1)"));
  if (verdict != "ok") return failure(damaged(path, verdict));
  return ledger;
}

Result<std::unique_ptr<Ledger>> Ledger::open_to_read(const std::filesystem::path& path) {
  return open_existing(path, Database::Mode::kRead);
}

Result<void> Ledger::put_identity(const Identity& identity, bool complete) {
  TRY(Statement run, database_.prepare("INSERT OR REPLACE INTO run VALUES (1, ?, ?, ?, ?)"));
  Checksum crc("run");
  crc.add(identity.run_id).add(identity.job).add(complete);
  run.bind(1, identity.run_id).bind(2, identity.job).bind(3, complete).bind(4, crc.value());
  TRY_VOID(run.done());
  TRY_VOID(database_.run("DELETE FROM source_file"));
  TRY(Statement file, database_.prepare("INSERT INTO source_file VALUES (?, ?, ?, ?, ?)"));
  std::int64_t number = 0;
  for (const SourceFile& f : identity.source) {
    Checksum file_crc("source_file");
    file_crc.add(number).add(f.name).add(f.bytes).add(f.version);
    file.bind(1, number).bind(2, f.name).bind(3, f.bytes).bind(4, f.version).bind(5, file_crc.value());
    TRY_VOID(file.done());
    ++number;
  }
  return {};
}

Result<void> Ledger::put_progress(const Commit& commit) {
  TRY(Statement row,
      database_.prepare(
          "INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  std::string beyond = text_of(commit.beyond);
  Checksum crc("progress");
  int index = 0;
  auto put = [&](std::int64_t value) {
    crc.add(value);
    row.bind(++index, value);
  };
  put(commit.parts);
  put(commit.failure_parts);
  put(commit.next.row);
  put(commit.next.file);
  put(commit.next.row_in_file);
  put(commit.next.byte_offset);
  put(commit.next.line);
  crc.add(beyond);
  row.bind(++index, beyond);
  put(commit.counts.rows);
  for (Ending ending : kCounted) put(commit.counts[ending]);
  row.bind(++index, crc.value());
  return row.done();
}

Result<void> Ledger::put_part(int number, const PartInfo& part) {
  TRY(Statement row, database_.prepare("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?)"));
  Checksum crc("part");
  crc.add(number).add(part.path).add(part.rows).add(part.bytes);
  row.bind(1, number).bind(2, part.path).bind(3, part.rows).bind(4, part.bytes).bind(5, crc.value());
  return row.done();
}

Result<void> Ledger::put_mark(const SendMark& mark) {
  TRY(Statement row, database_.prepare("INSERT OR REPLACE INTO mark VALUES (1, ?, ?, ?)"));
  std::int64_t crc = Checksum("mark").add(mark.before).add(mark.under_way).value();
  row.bind(1, mark.before).bind(2, mark.under_way).bind(3, crc);
  return row.done();
}

Result<Identity> Ledger::get_identity(bool& complete) {
  Identity identity;
  TRY(Statement run, database_.prepare("SELECT run_id, job, complete, crc FROM run"));
  TRY(bool found, run.step());
  if (!found) return failure(damaged(database_.path(), "the table run is empty"));
  identity.run_id = run.bytes(0);
  identity.job = run.bytes(1);
  complete = run.whole(2) != 0;
  Checksum crc("run");
  crc.add(identity.run_id).add(identity.job).add(complete);
  if (crc.value() != run.whole(3))
    return failure(damaged(database_.path(), "the table run is not what was written"));
  TRY(Statement file,
      database_.prepare("SELECT number, name, bytes, version, crc FROM source_file ORDER BY number"));
  for (;;) {
    TRY(bool more, file.step());
    if (!more) break;
    SourceFile f{std::string(file.bytes(1)), file.whole(2), std::string(file.bytes(3))};
    Checksum file_crc("source_file");
    file_crc.add(file.whole(0)).add(f.name).add(f.bytes).add(f.version);
    if (file_crc.value() != file.whole(4)) {
      return failure(damaged(database_.path(), "the table source_file is not what was written"));
    }
    identity.source.push_back(std::move(f));
  }
  return identity;
}

Result<Commit> Ledger::get_progress() {
  Commit commit;
  TRY(Statement row,
      database_.prepare(
          "SELECT parts, failure_parts, next_row, next_file, next_row_in_file, next_byte, next_line, "
          "beyond, rows, ok, no_match, failed, unreadable, crc FROM progress"));
  TRY(bool found, row.step());
  if (!found) return failure(damaged(database_.path(), "the table progress is empty"));
  Checksum crc("progress");
  int column = 0;
  auto get = [&] {
    std::int64_t value = row.whole(column++);
    crc.add(value);
    return value;
  };
  commit.parts = static_cast<int>(get());
  commit.failure_parts = static_cast<int>(get());
  commit.next.row = get();
  commit.next.file = static_cast<int>(get());
  commit.next.row_in_file = get();
  commit.next.byte_offset = get();
  commit.next.line = get();
  std::string beyond(row.bytes(column++));
  crc.add(beyond);
  commit.counts.rows = get();
  for (Ending ending : kCounted) commit.counts[ending] = get();
  auto ranges = ranges_of(beyond);
  if (crc.value() != row.whole(column) || !ranges) {
    return failure(damaged(database_.path(), "the table progress is not what was written"));
  }
  commit.beyond = *std::move(ranges);
  return commit;
}

Result<std::vector<PartInfo>> Ledger::get_parts() {
  std::vector<PartInfo> parts;
  TRY(Statement row, database_.prepare("SELECT number, path, rows, bytes, crc FROM part ORDER BY number"));
  for (;;) {
    TRY(bool more, row.step());
    if (!more) return parts;
    PartInfo part{std::string(row.bytes(1)), row.whole(2), row.whole(3)};
    Checksum crc("part");
    crc.add(row.whole(0)).add(part.path).add(part.rows).add(part.bytes);
    if (crc.value() != row.whole(4))
      return failure(damaged(database_.path(), "the table part is not what was written"));
    parts.push_back(std::move(part));
  }
}

Result<SendMark> Ledger::get_mark() {
  TRY(Statement row, database_.prepare("SELECT before, under_way, crc FROM mark"));
  TRY(bool found, row.step());
  if (!found) return failure(damaged(database_.path(), "the table mark is empty"));
  SendMark mark{row.whole(0), row.whole(1)};
  if (Checksum("mark").add(mark.before).add(mark.under_way).value() != row.whole(2)) {
    return failure(damaged(database_.path(), "the table mark is not what was written"));
  }
  return mark;
}

Result<void> Ledger::count_answers(RunState& state) {
  TRY(Statement row, database_.prepare("SELECT first_row, last_row, rows, data, crc FROM answers"));
  for (;;) {
    TRY(bool more, row.step());
    if (!more) return {};
    bool whole = false;
    Segment segment = segment_of(row, whole);
    if (!whole) return failure(damaged_answers(database_.path(), segment));
    SegmentReader reader(segment);
    while (auto record = reader.next()) {
      if (is_done(state.commit, record->row)) continue;
      ++state.answers;
      state.kept_before = std::max(state.kept_before, record->row + 1);
    }
    if (reader.damaged()) return failure(damaged_answers(database_.path(), segment));
  }
}

Result<RunState> Ledger::state() {
  std::lock_guard lock(mutex_);
  RunState state;
  // One moment of the file, whatever a run writes meanwhile.
  TRY_VOID(database_.run("BEGIN"));
  auto read = [&]() -> Result<void> {
    TRY(state.identity, get_identity(state.complete));
    TRY(state.commit, get_progress());
    TRY(state.parts, get_parts());
    TRY(state.mark, get_mark());
    return count_answers(state);
  };
  Result<void> done = read();
  Result<void> ended = database_.run("COMMIT");
  if (done && !ended) done = std::move(ended);
  if (!done) return failure(std::move(done).error());
  return state;
}

Result<int> Ledger::drop_damaged() {
  std::lock_guard lock(mutex_);
  std::vector<std::int64_t> broken;
  {
    TRY(Statement row, database_.prepare("SELECT first_row, last_row, rows, data, crc, id FROM answers"));
    for (;;) {
      TRY(bool more, row.step());
      if (!more) break;
      bool whole = false;
      segment_of(row, whole);
      if (!whole) broken.push_back(row.whole(5));
    }
  }
  TRY(Transaction transaction, Transaction::begin(database_));
  TRY(Statement remove, database_.prepare("DELETE FROM answers WHERE id = ?"));
  for (std::int64_t id : broken) {
    remove.bind(1, id);
    TRY_VOID(remove.done());
  }
  TRY_VOID(transaction.commit());
  return static_cast<int>(broken.size());
}

Result<void> Ledger::accept(const Identity& now) {
  std::lock_guard lock(mutex_);
  TRY(Transaction transaction, Transaction::begin(database_));
  TRY_VOID(put_identity(now, false));
  return transaction.commit();
}

Result<void> Ledger::complete() {
  std::lock_guard lock(mutex_);
  bool was_complete = false;
  TRY(Identity identity, get_identity(was_complete));
  TRY(Transaction transaction, Transaction::begin(database_));
  TRY_VOID(put_identity(identity, true));
  TRY_VOID(put_mark({}));
  TRY_VOID(database_.run("DELETE FROM answers"));
  TRY_VOID(transaction.commit());
  TRY(std::int64_t free_pages, database_.number("PRAGMA freelist_count"));
  if (free_pages > kFreePages) TRY_VOID(database_.run("VACUUM"));
  return {};
}

Result<void> Ledger::replace_parts(const Commit& commit, const std::vector<PartInfo>& parts) {
  std::lock_guard lock(mutex_);
  TRY(Transaction transaction, Transaction::begin(database_));
  TRY_VOID(database_.run("DELETE FROM part"));
  int number = 0;
  for (const PartInfo& part : parts) TRY_VOID(put_part(++number, part));
  TRY_VOID(put_progress(commit));
  return transaction.commit();
}

Result<void> Ledger::keep(const std::vector<Segment>& segments, const SendMark& mark) {
  std::lock_guard lock(mutex_);
  TRY(Transaction transaction, Transaction::begin(database_));
  TRY_VOID(put_answers(segments));
  TRY_VOID(put_mark(mark));
  return transaction.commit();
}

Result<void> Ledger::put_answers(const std::vector<Segment>& segments) {
  TRY(Statement row,
      database_.prepare("INSERT INTO answers (first_row, last_row, rows, data, crc) VALUES (?, ?, ?, ?, ?)"));
  for (const Segment& segment : segments) {
    row.bind(1, segment.first_row).bind(2, segment.last_row).bind(3, segment.rows).bind_blob(4, segment.data);
    row.bind(5, crc_of(segment));
    TRY_VOID(row.done());
  }
  return {};
}

Result<std::vector<Segment>> Ledger::read(RowRange range) {
  std::lock_guard lock(mutex_);
  std::vector<Segment> segments;
  TRY(Statement row, database_.prepare("SELECT first_row, last_row, rows, data, crc FROM answers "
                                       "WHERE last_row >= ? AND first_row < ? ORDER BY id"));
  row.bind(1, range.first).bind(2, range.end);
  for (;;) {
    TRY(bool more, row.step());
    if (!more) return segments;
    bool whole = false;
    segments.push_back(segment_of(row, whole));
    if (!whole) return failure(damaged_answers(database_.path(), segments.back()));
  }
}

Result<void> Ledger::remove_answers(const Commit& done) {
  TRY(Statement before, database_.prepare("DELETE FROM answers WHERE last_row < ?"));
  before.bind(1, done.next.row);
  TRY_VOID(before.done());
  TRY(Statement between,
      database_.prepare("DELETE FROM answers WHERE last_row < ? AND last_row >= ? AND first_row >= ?"));
  for (const RowRange& range : done.beyond) {
    between.bind(1, range.end).bind(2, range.first).bind(3, range.first);
    TRY_VOID(between.done());
  }
  return {};
}

Result<void> Ledger::commit(const Commit& commit) {
  std::lock_guard lock(mutex_);
  TRY(Transaction transaction, Transaction::begin(database_));
  if (commit.part.rows > 0) TRY_VOID(put_part(commit.parts, commit.part));
  TRY_VOID(put_progress(commit));
  TRY_VOID(remove_answers(commit));
  return transaction.commit();
}

Journal Ledger::journal(const RunState& state) {
  Journal journal;
  journal.keep = [this](const std::vector<Segment>& segments, const SendMark& mark) {
    return keep(segments, mark);
  };
  journal.read = [this](RowRange range) { return read(range); };
  journal.kept_before = state.kept_before;
  journal.mark = state.mark;
  return journal;
}

}  // namespace rowcall::ledger
