// SPDX-License-Identifier: Apache-2.0
#include "files/note_text.h"

#include <simdjson.h>

#include <utility>

#include "rowcall/version.h"

#include "base/json_text.h"
#include "base/parse.h"
#include "base/try.h"
#include "ledger/database.h"
#include "ledger/range_text.h"

namespace rowcall::files {
namespace {

constexpr std::int64_t kNoteVersion = 1;
constexpr Ending kCounted[] = {Ending::kOk, Ending::kNoMatch, Ending::kFailed, Ending::kUnreadable};

void append_commit(std::string& text, const Commit& commit) {
  json::Object note(text);
  note.number("version", kNoteVersion);
  auto at = std::chrono::ceil<std::chrono::milliseconds>(commit.noted_at.time_since_epoch());
  note.number("at_ms", at.count());
  note.number("parts", commit.parts);
  note.number("rows", commit.part.rows);
  note.number("bytes", commit.part.bytes);
  note.key("so_far");
  {
    json::Object counts(text);
    counts.number("rows", commit.counts.rows);
    for (Ending ending : kCounted) counts.number(name_of(ending), commit.counts[ending]);
  }
  note.key("next");
  {
    json::Object next(text);
    next.number("row", commit.next.row);
    next.number("file", commit.next.file);
    next.number("row_in_file", commit.next.row_in_file);
    next.number("byte_offset", commit.next.byte_offset);
    next.number("line", commit.next.line);
  }
  note.text("beyond", ledger::text_of(commit.beyond));
  json::Array reasons(note.key("unanswered"));
  for (const Unanswered& unanswered : commit.unanswered) {
    json::Object reason(reasons.item());
    reason.text("error_class", unanswered.error_class);
    reason.number("status", unanswered.status);
    reason.number("attempts", unanswered.attempts);
    reason.text("message", unanswered.message);
    reason.text("rows", ledger::text_of(unanswered.rows));
  }
}

std::string with_checksum(const std::string& text) {
  std::int64_t crc = ledger::Checksum(text).value();
  return text + "\n{\"crc32\":" + std::to_string(crc) + "}\n";
}

Error damaged(const std::string& place, const std::string& found) {
  return {ErrorCode::kChanged, place, found, "a note of rowcall's, as it was written",
          "Put it back from a copy, or start the run anew with --fresh --overwrite."};
}

std::vector<RowRange> ranges_at(simdjson::dom::element element) {
  auto ranges = ledger::ranges_of(element.get_string().value());
  if (!ranges) throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE);
  return *std::move(ranges);
}

Commit read_commit(simdjson::dom::element from) {
  Commit commit;
  std::int64_t at_ms = 0;
  if (from["at_ms"].get(at_ms) == simdjson::SUCCESS)
    commit.noted_at = WallTime(std::chrono::milliseconds(at_ms));
  commit.parts = static_cast<int>(std::int64_t(from["parts"]));
  commit.part.rows = from["rows"];
  commit.part.bytes = from["bytes"];
  simdjson::dom::element counts = from["so_far"];
  commit.counts.rows = counts["rows"];
  for (Ending ending : kCounted) commit.counts[ending] = counts[name_of(ending)];
  simdjson::dom::element next = from["next"];
  commit.next.row = next["row"];
  commit.next.file = static_cast<int>(std::int64_t(next["file"]));
  commit.next.row_in_file = next["row_in_file"];
  commit.next.byte_offset = next["byte_offset"];
  commit.next.line = next["line"];
  commit.beyond = ranges_at(from["beyond"]);
  for (simdjson::dom::element reason : from["unanswered"]) {
    commit.unanswered.push_back(
        {std::string(std::string_view(reason["error_class"])),
         static_cast<int>(std::int64_t(reason["status"])), static_cast<int>(std::int64_t(reason["attempts"])),
         std::string(std::string_view(reason["message"])), ranges_at(reason["rows"])});
  }
  return commit;
}

RunNote read_run_note(simdjson::dom::element from) {
  RunNote note;
  note.identity.run_id = std::string_view(from["run_id"]);
  note.identity.job = std::string_view(from["job"]);
  note.owner = std::string_view(from["owner"]);
  for (simdjson::dom::element file : from["source"]) {
    note.identity.source.push_back({std::string(std::string_view(file["name"])), std::int64_t(file["bytes"]),
                                    std::string(std::string_view(file["version"]))});
  }
  if (simdjson::dom::element end = from["end"]; !end.is_null()) note.end = read_commit(end);
  return note;
}

// Checks the text as a whole, then lets `read` make something of it.
template <class Note, class Read>
Result<Note> note_of(std::string_view text, const std::string& place, Read read) {
  auto line_end = text.find('\n');
  if (line_end == std::string_view::npos) return failure(damaged(place, "no line of its own for the CRC-32"));
  std::string body(text.substr(0, line_end));
  if (text != with_checksum(body)) return failure(damaged(place, "another CRC-32 than its text has"));
  simdjson::dom::parser parser;
  try {
    simdjson::dom::element root = parser.parse(body);
    std::int64_t version = root["version"];
    if (version > kNoteVersion) {
      return failure({ErrorCode::kInput, place, "version " + std::to_string(version),
                      "version " + std::to_string(kNoteVersion) + " or older",
                      "Use the rowcall that wrote it, or a newer one."});
    }
    return read(root);
  } catch (const simdjson::simdjson_error& error) {
    return failure(damaged(place, error.what()));
  }
}

}  // namespace

std::string text_of(const RunNote& note) {
  std::string text;
  {
    json::Object run(text);
    run.number("version", kNoteVersion);
    run.text("written_by", "rowcall " + std::string(kVersion));
    run.text("run_id", note.identity.run_id);
    run.text("owner", note.owner);
    run.text("job", note.identity.job);
    run.key("source");
    {
      json::Array source(text);
      for (const SourceFile& file : note.identity.source) {
        json::Object entry(source.item());
        entry.text("name", file.name);
        entry.number("bytes", file.bytes);
        entry.text("version", file.version);
      }
    }
    run.key("end");
    if (note.end) {
      append_commit(text, *note.end);
    } else {
      text += "null";
    }
  }
  return with_checksum(text);
}

Result<RunNote> run_note_of(std::string_view text, const std::string& place) {
  return note_of<RunNote>(text, place, read_run_note);
}

std::string text_of(const Commit& commit) {
  std::string text;
  append_commit(text, commit);
  return with_checksum(text);
}

Result<Commit> commit_of(std::string_view text, const std::string& place) {
  return note_of<Commit>(text, place, read_commit);
}

}  // namespace rowcall::files
