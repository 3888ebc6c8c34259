// SPDX-License-Identifier: Apache-2.0
#include "files/found_parts.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/parse.h"
#include "base/try.h"
#include "files/manifest.h"
#include "files/part_notes.h"
#include "files/storage.h"

namespace rowcall::files {
namespace fs = std::filesystem;

namespace {

Result<std::optional<RunNote>> run_note_in(const Folder& parts) {
  std::optional<RunNote> note;
  Folder notes = parts.folder(kNotesFolder);
  TRY(std::optional<std::string> text, notes.get(kRunNote));
  if (!text) return note;
  TRY(note, run_note_of(*text, notes.file(kRunNote).shown));
  return note;
}

// The folders in which something of one table may be: its own, and the one in which it waits to replace
// another. Once all parts are there, they and their notes go from one to the other.
class Places {
 public:
  Places(const Folder& own, bool replacing, bool either)
      : first_(replacing ? own.folder(kNextFolder) : own), own_(own), either_(replacing && either) {}

  Result<void> look(const std::string& run_id) {
    TRY(entries_, first_.list());
    if (!either_) return {};
    // What lies there may still be the notes of the older table: its run has another name.
    TRY(std::optional<RunNote> there, run_note_in(own_));
    notes_moved_ = !there || there->identity.run_id == run_id;
    TRY(std::vector<Folder::Entry> more, own_.list());
    entries_.insert(entries_.end(), more.begin(), more.end());
    return {};
  }
  const Folder& parts() const { return first_; }
  Result<std::optional<std::string>> note(const std::string& name) const {
    TRY(std::optional<std::string> text, first_.folder(kNotesFolder).get(name));
    if (text || !notes_moved_) return text;
    return own_.folder(kNotesFolder).get(name);
  }
  bool has(const std::string& name, std::int64_t bytes) const {
    return std::ranges::any_of(
        entries_, [&](const Folder::Entry& e) { return !e.folder && e.name == name && e.bytes == bytes; });
  }

 private:
  Folder first_;
  Folder own_;
  bool either_;
  bool notes_moved_ = false;
  std::vector<Folder::Entry> entries_;
};

Error not_as_noted(const Place& place, std::string found, std::string expected) {
  return {ErrorCode::kChanged, place.shown, std::move(found), std::move(expected),
          "Put it back, or start the run anew with --fresh --overwrite."};
}

// Part by part, as long as there are notes.
Result<void> read_parts(const Places& places, const Folder& own, const std::string& ending,
                        FoundParts& found) {
  for (std::size_t i = 0;; ++i) {
    TRY(std::optional<std::string> text, places.note(note_name(i)));
    if (!text) return {};
    TRY(Commit note, commit_of(*text, places.parts().folder(kNotesFolder).file(note_name(i)).shown));
    bool ahead = note.part.rows == 0;  // failed rows behind the last part
    std::string name = part_name(i) + ending;
    if (!ahead && !places.has(name, note.part.bytes)) {
      return failure(not_as_noted(places.parts().file(name), "it is gone, or has another size",
                                  "a part of " + std::to_string(note.part.bytes) + " bytes, as noted"));
    }
    if (!ahead) {
      found.sink.parts.push_back({note.part.rows, note.part.bytes});
      found.state.parts.push_back({own.file(name).shown, note.part.rows, note.part.bytes});
    }
    found.recovery.add(std::move(note));
    if (ahead) return {};
  }
}

}  // namespace

Result<void> FoundParts::take_over(const fs::path& staging) {
  TRY(std::optional<FileLock> nobody_writes, lock_of(table));
  TRY_VOID(sink.save(staging));
  TRY(run.owner, owner_in(staging));
  return parts.folder(kNotesFolder).put(kRunNote, text_of(run));
}

Result<std::optional<FoundParts>> find_parts(const SinkSpec& spec, const S3Spec& s3) {
  std::optional<FoundParts> none;
  TRY(Place place, place_of(spec.path));
  if (!place.path.ends_with('/')) return none;
  TRY(FileKind kind, sink_kind(spec));
  Folder own(std::move(place), s3);
  TRY(std::optional<RunNote> run, run_note_in(own.folder(kNextFolder)));
  bool replacing = run.has_value();
  if (!run) {
    TRY(run, run_note_in(own));
  }
  if (!run) return none;
  Places places(own, replacing, run->end.has_value());
  TRY_VOID(places.look(run->identity.run_id));
  FoundParts found{*std::move(run), false, {}, {}, {}, own, places.parts()};
  found.sink.path = own.place().shown;
  found.sink.replacing = replacing;
  TRY_VOID(read_parts(places, own, ending_of(kind), found));
  TRY(std::optional<std::string> success, own.get(kSuccessName));
  found.complete = !replacing && found.run.end && success;
  found.state.identity = found.run.identity;
  found.state.commit = found.recovery.commit();
  found.state.commit.parts = static_cast<int>(found.sink.parts.size());
  std::int64_t answered = found.state.commit.counts.rows;
  bool all_there = !found.run.end || found.run.end->parts == found.state.commit.parts;
  if (!all_there || answered != found.sink.rows()) {
    return failure(not_as_noted(found.parts.folder(kNotesFolder).place(),
                                "notes of " + grouped(found.sink.rows()) + " rows in " +
                                    std::to_string(found.sink.parts.size()) + " parts",
                                "those of " + grouped(answered) + " rows"));
  }
  bool nothing_open = found.recovery.failed() + found.recovery.unreadable() == 0;
  found.state.complete = found.sink.whole = found.complete && nothing_open;
  std::optional<FoundParts> out(std::move(found));
  return out;
}

}  // namespace rowcall::files
