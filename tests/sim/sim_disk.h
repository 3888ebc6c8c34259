// SPDX-License-Identifier: Apache-2.0
// What is left when a process is killed: the ledger, and the published parts of two tables; with faults on
// purpose.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "rowcall/journal.h"
#include "rowcall/table.h"

namespace rowcall::sim {

/// What goes wrong at one operation on the disk.
struct DiskFault {
  enum class Kind {
    kNone,
    kKillBefore,  ///< The process dies; nothing of the operation has happened.
    kKillAfter,   ///< The process dies; it has happened.
    kFailBefore,  ///< An error; nothing has happened.
    kFailAfter,   ///< An error, although it has happened: the answer of an object store was lost.
  };
  Kind kind = Kind::kNone;
  int operation =
      0;  ///< Counted from 0 in each session: kept segments, writes, published parts, marks, finishes.
};

class SimDisk {
 public:
  /// One table: parts by index, as rows of JSON.
  struct Table {
    std::map<int, std::vector<std::string>> parts;
    bool finished = false;
    std::vector<std::string> rows() const;
  };

  /// A process starts: the fault it will meet.
  void begin_session(DiskFault fault);
  /// From here on nothing happens any more.
  void kill() { dead_ = true; }
  bool dead() const { return dead_; }
  /// A broken order of writes, to see that it is found out: parts are marked, and published only then.
  void mark_first() { mark_first_ = true; }

  Journal journal();
  Result<void> commit(const Commit& commit);
  Commit resume() const { return commit_; }
  /// Does `effect`, unless a fault is planned for now.
  Result<void> operate(const std::function<void()>& effect);
  /// The same for what makes a part visible.
  Result<void> publish(std::function<void()> effect);

  Table sink;
  Table failures;
  std::function<void()> on_kept;  ///< Called after segments have become durable.

 private:
  std::vector<Segment> segments_;
  SendMark mark_;
  Commit commit_;
  DiskFault fault_;
  int operations_ = 0;
  bool dead_ = false;
  bool mark_first_ = false;
  std::vector<std::function<void()>> late_;
};

/// A sink whose parts are on a SimDisk.
class DiskSink final : public TableSink {
 public:
  DiskSink(SimDisk* disk, SimDisk::Table* table) : disk_(disk), table_(table) {}

  Result<void> open(OwnedSchema schema, int next_part) override;
  Result<void> write(OwnedArray rows) override;
  Result<PartInfo> publish() override;
  Result<void> finish(std::int64_t rows) override;
  void abort() override { open_part_.clear(); }

 private:
  SimDisk* disk_;
  SimDisk::Table* table_;
  OwnedSchema schema_;
  int next_part_ = 0;
  std::vector<std::string> open_part_;
};

}  // namespace rowcall::sim
