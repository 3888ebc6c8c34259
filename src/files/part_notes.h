// SPDX-License-Identifier: Apache-2.0
// The notes of a folder of parts: what is needed to go on with its run on another machine.
//
//   _rowcall/run.json          the run, its job and source, and which run directory writes the parts
//   _rowcall/part-00007.json   how far the run was when this part was published
//
// A note is written after its part is there, and before the ledger marks it; notes go before their parts do.
// So a part that has a note is there, whatever was killed in between. docs/ledger.md gives the whole order.
//
// Used on the writing thread: the sink says which parts there are, the host of the run what they mean.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "rowcall/error.h"
#include "rowcall/journal.h"

#include "base/file_lock.h"
#include "engine/commit_notes.h"
#include "files/folder.h"
#include "files/note_text.h"
#include "ledger/identity.h"

namespace rowcall::files {

inline constexpr const char* kNotesFolder = "_rowcall";
inline constexpr const char* kRunNote = "run.json";

/// "part-00007.json"
std::string note_name(std::size_t part);

/// Forgets the notes of parts from `from` on; with 0 all notes, that of the run too.
Result<void> remove_notes(const Folder& parts, std::size_t from);

class PartNotes {
 public:
  /// `staging` is the sink's folder in the run directory, where the directory's own name is kept. The run
  /// goes on from `resume`.
  PartNotes(ledger::Identity identity, std::filesystem::path staging, Commit resume)
      : identity_(std::move(identity)), staging_(std::move(staging)), commits_(std::move(resume)) {}

  // The sink's side.

  /// The parts are in this folder, and those before `next_part` stay. Fails with kChanged when another run
  /// directory has gone on with them.
  Result<void> open(const Folder& parts, std::size_t next_part);
  /// Before something is published: are the parts still ours?
  Result<void> check() const;
  /// All parts are there.
  Result<void> finish();
  /// The parts are in another folder now.
  Result<void> move_to(const Folder& parts);

  // The host's side.

  /// Notes a part that was published. Does nothing for sinks that are no folders of parts.
  Result<void> put(const Commit& commit, WallTime now);

 private:
  Result<void> put_run_note() const;
  Result<bool> take_up_last(std::size_t next_part);
  Folder notes() const { return parts_->folder(kNotesFolder); }

  ledger::Identity identity_;
  std::filesystem::path staging_;
  std::string owner_;
  std::optional<Folder> parts_;  // not set: no folder of parts
  engine::CommitNotes commits_;
  std::optional<Commit> end_;
};

/// A folder on disk is written by one process at a time: the lock for that. Nothing in S3, which has none.
Result<std::optional<FileLock>> lock_of(const Folder& table);
/// Lets it go, and leaves no trace of it.
void unlock(const Folder& table, std::optional<FileLock>& lock);

/// The name of a run directory among those that write to one folder of parts; made when it is first asked
/// for.
Result<std::string> owner_in(const std::filesystem::path& staging);

}  // namespace rowcall::files
