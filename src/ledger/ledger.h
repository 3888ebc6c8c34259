// SPDX-License-Identifier: Apache-2.0
// The ledger of a run: what is done, durable, and how to go on from it. Described in docs/ledger.md.
//
// Owned by the host of a run. `keep`, `read` and `commit` may be called from any thread, one after the other
// behind a lock of its own; the rest belongs to the thread that owns it, before and after the run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/journal.h"
#include "rowcall/table.h"

#include "ledger/database.h"
#include "ledger/identity.h"

namespace rowcall::ledger {

/// What a ledger says.
struct RunState {
  Identity identity;
  bool complete = false;        ///< The sink is finished.
  Commit commit;                ///< What is in parts; its `part` is empty.
  std::vector<PartInfo> parts;  ///< All that were published.
  SendMark mark;
  std::int64_t answers = 0;      ///< Rows whose answers or failures are kept, and are in no part yet.
  std::int64_t kept_before = 0;  ///< No answer is kept for this row or a later one.
};

/// Segments, piece by piece; none at the end.
using SegmentPieces = std::function<std::vector<Segment>()>;

class Ledger {
 public:
  /// A new run, or one of which everything else is known already: then `state` has its parts, and `kept`
  /// gives its answers. All of it is there, or nothing. Fails when the file is there already.
  static Result<std::unique_ptr<Ledger>> create(const std::filesystem::path& path, const RunState& state,
                                                const SegmentPieces& kept = {});
  /// To go on with a run; nothing if there is no ledger, or one that was never finished being made. Checks
  /// it for damage.
  static Result<std::unique_ptr<Ledger>> open(const std::filesystem::path& path);
  /// To look at it, also while a run goes on. Nothing is changed.
  static Result<std::unique_ptr<Ledger>> open_to_read(const std::filesystem::path& path);

  /// Everything it says. Reads all answers, one segment at a time, and checks them.
  Result<RunState> state();
  /// Removes segments that are damaged, so that their rows are called again; returns how many.
  Result<int> drop_damaged();
  /// The user has accepted that job or source are not what they were.
  Result<void> accept(const Identity& now);
  /// The sink is finished.
  Result<void> complete();
  /// The table was written anew, with other rows answered.
  Result<void> replace_parts(const Commit& commit, const std::vector<PartInfo>& parts);

  Result<void> keep(const std::vector<Segment>& segments, const SendMark& mark);
  Result<std::vector<Segment>> read(RowRange range);
  Result<void> commit(const Commit& commit);
  /// The three above as the engine wants them, for a run that goes on from `state`.
  Journal journal(const RunState& state);

 private:
  explicit Ledger(Database database) : database_(std::move(database)) {}
  static Result<std::unique_ptr<Ledger>> open_existing(const std::filesystem::path& path,
                                                       Database::Mode mode);

  Result<void> make_durable_by_log();
  Result<void> put_identity(const Identity& identity, bool complete);
  Result<void> put_progress(const Commit& commit);
  Result<void> put_part(int number, const PartInfo& part);
  Result<void> put_mark(const SendMark& mark);
  Result<void> put_answers(const std::vector<Segment>& segments);
  Result<void> remove_answers(const Commit& done);
  Result<Identity> get_identity(bool& complete);
  Result<Commit> get_progress();
  Result<std::vector<PartInfo>> get_parts();
  Result<SendMark> get_mark();
  Result<void> count_answers(RunState& state);

  std::mutex mutex_;
  Database database_;
};

}  // namespace rowcall::ledger
