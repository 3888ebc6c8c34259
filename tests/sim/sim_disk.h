// SPDX-License-Identifier: Apache-2.0
// What is left when a process is killed: the ledger in its run directory, and the parts and notes of a sink
// in an object store; with faults on purpose.
//
// The ledger is a log of frames, of which the last may be torn; what is torn counts for nothing. A part is an
// upload of bytes, of which nothing can be seen until it is complete. Each step is an operation, at which a
// fault can be planned; besides, a session has its weather.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/journal.h"
#include "rowcall/table.h"

#include "engine/commit_notes.h"

namespace rowcall::sim {

/// What goes wrong at one operation.
struct DiskFault {
  enum class Kind {
    kNone,
    kKillBefore,  ///< The process dies; nothing of the operation has happened.
    kKillAfter,   ///< The process dies; it has happened.
    kKillAmid,    ///< The process dies; of a write, some bytes are there.
    kFailBefore,  ///< An error; nothing has happened.
    kFailAfter,   ///< An error, although it has happened: the answer of an object store was lost.
    kFailAmid,    ///< An error; of a write, some bytes are there: the disk is full.
  };
  Kind kind = Kind::kNone;
  int operation = 0;  ///< Counted from 0 in each session.
};

/// How a session's disk and store are all the time, by shares of operations.
struct Weather {
  double short_writes = 0;   ///< Take some of the bytes; the rest is to be written after.
  double failing_calls = 0;  ///< Of the object store; its client repeats each up to twice.
  double lost_replies = 0;   ///< Of the failing calls: those that have happened all the same.
};

/// What has happened, over all sessions.
struct DiskCounts {
  int short_writes = 0;
  int torn_writes = 0;   ///< That were never completed.
  int failed_calls = 0;  ///< Of the object store.
};

/// An engine that is broken on purpose, to see that it is found out.
enum class Breakage {
  kNone,
  kMarksFirst,       ///< Parts are marked in the ledger, and published only then.
  kNotesFirst,       ///< Parts are noted at the sink, and published only then.
  kTrustsTorn,       ///< A torn end of the ledger is taken for whole.
  kForgetsSends,     ///< The limits begin anew when a run directory was lost.
  kMarksLate,        ///< No mark says that calls begin.
  kForgetsUnlogged,  ///< Only the next run counts what a killed one may have sent without logging it.
};

class SimDisk {
 public:
  /// One table: parts by index, as rows of JSON; and bytes of parts that are not published.
  struct Table {
    std::map<int, std::vector<std::string>> parts;
    std::map<int, std::string> unfinished;
    bool finished = false;
    bool remote = false;  ///< In the object store, with notes.
    std::vector<std::string> rows() const;
  };

  SimDisk();

  /// A process starts: the fault it will meet, and its weather.
  void begin_session(DiskFault fault, const Weather& weather, std::uint64_t seed);
  /// From here on nothing happens any more.
  void kill() { dead_ = true; }
  bool dead() const { return dead_; }
  void break_engine(Breakage breakage) { breakage_ = breakage; }
  Breakage breakage() const { return breakage_; }

  /// Ledger and failure table are gone; a new ledger is made of the notes. Returns what is wrong with them.
  std::string lose_run_directory();
  /// True when the notes tell how a row has ended. Of the time of the last loss.
  bool was_noted(std::int64_t row) const;

  Journal journal();
  /// Notes the part at the sink, then marks it in the ledger.
  Result<void> commit(const Commit& commit);
  Commit resume() const { return commit_; }

  // What a sink does.
  /// What was not committed goes, notes first.
  Result<void> open(Table& table, int next_part);
  Result<void> write(Table& table, int part, std::string_view bytes);
  Result<void> publish(Table& table, int part);
  Result<void> finish(Table& table);

  Table sink;
  Table failures;
  std::function<void()> on_kept;  ///< Called after segments have become durable.
  DiskCounts counts;

 private:
  using Effect = std::function<void()>;
  DiskFault::Kind fault_now();
  Result<void> operate(const Effect& effect);
  Result<void> call(const Effect& effect);
  Result<void> step(const Table& table, const Effect& effect);
  Result<void> append(std::string& file, std::string_view bytes);
  Result<void> log(char kind, std::string_view payload);
  Result<void> put_note(const Commit& commit);
  void recover();
  void apply(char kind, std::string_view payload);
  double share() { return std::uniform_real_distribution<double>()(dice_); }

  std::string log_;
  std::size_t log_whole_ = 0;      // bytes of it that are frames
  std::vector<Commit> commits_;    // of which the log says the number
  std::map<int, Commit> notes_;    // at the sink
  std::vector<Segment> segments_;  // what the log says
  SendMark mark_;
  Commit commit_;
  engine::CommitNotes keeper_{Commit{}};
  std::vector<RowRange> noted_;
  DiskFault fault_;
  Weather weather_;
  std::mt19937_64 dice_;
  int operations_ = 0;
  bool dead_ = false;
  Breakage breakage_ = Breakage::kNone;
  std::vector<std::function<Result<void>()>> late_;
};

/// A sink whose parts are on a SimDisk.
class DiskSink final : public TableSink {
 public:
  DiskSink(SimDisk* disk, SimDisk::Table* table) : disk_(disk), table_(table) {}

  Result<void> open(OwnedSchema schema, int next_part) override;
  Result<void> write(OwnedArray rows) override;
  Result<PartInfo> publish() override;
  Result<void> finish(std::int64_t rows) override;
  void abort() override;

 private:
  SimDisk* disk_;
  SimDisk::Table* table_;
  OwnedSchema schema_;
  int next_part_ = 0;
  std::int64_t open_rows_ = 0;
};

}  // namespace rowcall::sim
