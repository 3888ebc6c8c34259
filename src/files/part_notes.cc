// SPDX-License-Identifier: Apache-2.0
#include "files/part_notes.h"

#include <ranges>
#include <utility>
#include <vector>

#include "base/disk.h"
#include "base/try.h"
#include "files/sink_state.h"

namespace rowcall::files {
namespace fs = std::filesystem;

namespace {

constexpr const char* kOwnerFile = "owner";
constexpr const char* kLockFile = "_lock";

Error gone_on_with(const Folder& parts) {
  return {ErrorCode::kChanged, parts.place().shown, "another run directory has gone on with these parts",
          "one run that writes them",
          "If that was meant, this run directory can be removed. If not, stop the other run, remove its run "
          "directory, and remove this one, too: the next run goes on from the parts."};
}

}  // namespace

std::string note_name(std::size_t part) {
  return part_name(part) + ".json";
}

// The last ones first: what is left is a beginning, whenever this is interrupted.
Result<void> remove_notes(const Folder& parts, std::size_t from) {
  Folder notes = parts.folder(kNotesFolder);
  TRY(std::vector<Folder::Entry> entries, notes.list());
  for (const Folder::Entry& entry : entries | std::views::reverse) {
    bool is_note = entry.name.starts_with("part-") && entry.name >= note_name(from);
    if (!entry.folder && is_note) TRY_VOID(notes.remove(entry.name));
  }
  if (from > 0 || entries.empty()) return {};
  return notes.remove_all();
}

Result<std::optional<FileLock>> lock_of(const Folder& table) {
  std::optional<FileLock> lock;
  if (table.place().s3) return lock;
  TRY_VOID(make_folder(table.place().path));
  TRY(lock, FileLock::take(table.file(kLockFile).path));
  if (lock) return lock;
  return failure({ErrorCode::kSetting, table.place().shown, "another run is writing this table",
                  "one run at a time", "Wait for it, or write to another folder."});
}

void unlock(const Folder& table, std::optional<FileLock>& lock) {
  std::error_code ignored;
  if (lock) fs::remove(table.file(kLockFile).path, ignored);
  lock.reset();
}

Result<std::string> owner_in(const fs::path& staging) {
  fs::path file = staging / kOwnerFile;
  std::error_code ignored;
  if (fs::exists(file, ignored)) return read_file(file);
  std::string owner = ledger::new_run_id();
  TRY_VOID(make_folder(staging));
  TRY_VOID(write_file(file, owner));
  return owner;
}

Result<void> PartNotes::open(const Folder& parts, std::size_t next_part) {
  parts_ = parts;
  TRY(owner_, owner_in(staging_));
  TRY(std::optional<std::string> text, notes().get(kRunNote));
  // Of a new table nothing is left to be spoiled, nor to be read.
  bool begun = next_part > 0 || commits_.last().counts.rows > 0;
  if (text && begun) {
    TRY(RunNote note, run_note_of(*text, notes().file(kRunNote).shown));
    bool same_run = note.identity.run_id == identity_.run_id;
    if (same_run && note.owner != owner_) return failure(gone_on_with(*parts_));
    if (same_run) end_ = std::move(note.end);
  }
  TRY(bool ahead, take_up_last(next_part));
  TRY_VOID(remove_notes(*parts_, ahead ? next_part + 1 : next_part));
  return put_run_note();
}

Result<bool> PartNotes::take_up_last(std::size_t next_part) {
  TRY(std::optional<std::string> text, notes().get(note_name(next_part)));
  if (!text) return false;
  TRY(Commit note, commit_of(*text, notes().file(note_name(next_part)).shown));
  return commits_.take_up(note);
}

Result<void> PartNotes::put_run_note() const {
  return notes().put(kRunNote, text_of(RunNote{identity_, owner_, end_}));
}

Result<void> PartNotes::check() const {
  TRY(std::optional<std::string> text, notes().get(kRunNote));
  if (text) {
    TRY(RunNote note, run_note_of(*text, notes().file(kRunNote).shown));
    if (note.owner == owner_) return {};
  }
  return failure(gone_on_with(*parts_));
}

Result<void> PartNotes::put(const Commit& commit, WallTime now) {
  std::optional<engine::CommitNote> note = commits_.of(commit);
  if (!parts_ || !note) return {};
  if (end_) {  // there are more rows than there were
    end_.reset();
    TRY_VOID(put_run_note());
  }
  note->commit.noted_at = now;
  return notes().put(note_name(note->part), text_of(note->commit));
}

Result<void> PartNotes::finish() {
  end_ = commits_.last();
  end_->unanswered.clear();
  return put_run_note();
}

// That of the run last: where it is, the others are. It also tells ours from those of an older table.
Result<void> PartNotes::move_to(const Folder& parts) {
  Folder from = notes();
  parts_ = parts;
  TRY(std::optional<std::string> text, notes().get(kRunNote));
  if (text) {
    auto note = run_note_of(*text, "");
    if (!note || note->identity.run_id != identity_.run_id) TRY_VOID(remove_notes(parts, 0));
  }
  TRY(std::vector<Folder::Entry> entries, from.list());
  for (const Folder::Entry& entry : entries) {
    if (entry.name.starts_with("part-")) TRY_VOID(notes().take(from, entry.name));
  }
  return put_run_note();
}

}  // namespace rowcall::files
