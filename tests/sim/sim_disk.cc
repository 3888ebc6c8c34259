// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_disk.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/bytes.h"
#include "base/json_text.h"
#include "base/parse.h"
#include "base/try.h"
#include "engine/recovery.h"
#include "ledger/segment.h"
#include "table/row_reader.h"

namespace rowcall::sim {
namespace {

constexpr int kTries = 3;  // of a call of the object store
constexpr char kKept = 'K';
constexpr char kMarked = 'M';

Error on_purpose() {
  return {ErrorCode::kStorage, "the simulated disk", "failed on purpose", "", ""};
}

std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (unsigned char c : bytes) sum = (sum ^ c) * 0x100000001b3;
  return sum;
}

std::string kept_text(const std::vector<Segment>& segments, const SendMark& mark) {
  std::string text;
  append_signed(text, mark.before);
  append_signed(text, mark.under_way);
  for (const Segment& segment : segments) {
    append_signed(text, segment.first_row);
    append_signed(text, segment.last_row);
    append_signed(text, segment.rows);
    append_sized(text, segment.data);
  }
  return text;
}

}  // namespace

std::vector<std::string> SimDisk::Table::rows() const {
  std::vector<std::string> all;
  for (const auto& [index, part] : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

SimDisk::SimDisk() {
  sink.remote = true;
}

void SimDisk::begin_session(DiskFault fault, const Weather& weather, std::uint64_t seed) {
  fault_ = fault;
  weather_ = weather;
  dice_.seed(seed);
  operations_ = 0;
  dead_ = false;
  late_.clear();
  recover();
  keeper_ = engine::CommitNotes(commit_);
}

DiskFault::Kind SimDisk::fault_now() {
  return operations_++ == fault_.operation ? fault_.kind : DiskFault::Kind::kNone;
}

Result<void> SimDisk::operate(const Effect& effect) {
  if (dead_) return failure(on_purpose());
  using enum DiskFault::Kind;
  DiskFault::Kind now = fault_now();
  if (now == kKillBefore || now == kKillAmid) dead_ = true;
  if (now == kKillBefore || now == kKillAmid || now == kFailBefore || now == kFailAmid)
    return failure(on_purpose());
  effect();
  if (now == kKillAfter) dead_ = true;
  if (now == kKillAfter || now == kFailAfter) return failure(on_purpose());
  return {};
}

// A call of the object store, as its client makes it: again when it fails.
Result<void> SimDisk::call(const Effect& effect) {
  for (int tries = 1;; ++tries) {
    if (share() >= weather_.failing_calls) return operate(effect);
    ++counts.failed_calls;
    if (share() < weather_.lost_replies) TRY_VOID(operate(effect));
    if (tries == kTries) return failure(on_purpose());
  }
}

Result<void> SimDisk::step(const Table& table, const Effect& effect) {
  return table.remote ? call(effect) : operate(effect);
}

// As write(2) does it: some bytes at a time, until all are there.
Result<void> SimDisk::append(std::string& file, std::string_view bytes) {
  if (dead_) return failure(on_purpose());
  using enum DiskFault::Kind;
  DiskFault::Kind now = fault_now();
  if (now == kKillBefore) dead_ = true;
  if (now == kKillBefore || now == kFailBefore) return failure(on_purpose());
  bool amid = now == kKillAmid || now == kFailAmid;
  while (!bytes.empty()) {
    bool is_short = amid || share() < weather_.short_writes;
    std::size_t taken = is_short ? dice_() % bytes.size() : bytes.size();
    file += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    if (amid) {
      // What a torn write leaves may have its length already, and not yet its bytes.
      if (dice_() % 2 == 0) file.append(bytes.size(), '\0');
      break;
    }
    counts.short_writes += is_short ? 1 : 0;
  }
  counts.torn_writes += amid ? 1 : 0;
  if (now == kKillAfter || now == kKillAmid) dead_ = true;
  if (now == kNone) return {};
  return failure(on_purpose());
}

// A frame: kind, length, payload, checksum.
Result<void> SimDisk::log(char kind, std::string_view payload) {
  std::string frame(1, kind);
  append_sized(frame, payload);
  append_fixed64(frame, checksum(frame));
  if (!dead_) log_.resize(log_whole_);  // what a failed write has left
  TRY_VOID(append(log_, frame));
  log_whole_ = log_.size();
  apply(kind, payload);
  return {};
}

void SimDisk::recover() {
  segments_.clear();
  mark_ = {};
  commit_ = {};
  std::string_view rest = log_;
  while (!rest.empty()) {
    std::string_view from = rest;
    from.remove_prefix(1);
    auto payload = take_sized(from);
    std::string_view frame = rest.substr(0, rest.size() - from.size());
    auto sum = payload ? take_fixed64(from) : std::nullopt;
    if (!sum || *sum != checksum(frame)) {
      if (breakage_ != Breakage::kTrustsTorn) break;
      std::string_view torn = rest.substr(1);
      if (take_varint(torn)) apply(rest[0], torn);
      break;
    }
    apply(rest[0], *payload);
    rest = from;
  }
  log_.resize(log_.size() - rest.size());
  log_whole_ = log_.size();
}

void SimDisk::apply(char kind, std::string_view payload) {
  if (kind == kMarked) {
    commit_ = commits_[std::min<std::size_t>(take_varint(payload).value_or(0), commits_.size() - 1)];
    std::erase_if(segments_, [&](const Segment& s) { return s.last_row < commit_.next.row; });
    return;
  }
  mark_.before = take_signed(payload).value_or(0);
  mark_.under_way = take_signed(payload).value_or(0);
  while (!payload.empty()) {
    Segment segment;
    segment.first_row = take_signed(payload).value_or(0);
    segment.last_row = take_signed(payload).value_or(0);
    segment.rows = take_signed(payload).value_or(0);
    auto data = take_sized(payload);
    segment.data = data ? *data : std::exchange(payload, {});  // torn, and trusted on purpose
    segments_.push_back(std::move(segment));
  }
}

Journal SimDisk::journal() {
  Journal journal;
  journal.keep = [this](const std::vector<Segment>& segments, const SendMark& mark) -> Result<void> {
    bool late = breakage_ == Breakage::kMarksLate && mark.under_way <= 1;
    TRY_VOID(log(kKept, kept_text(segments, late ? SendMark{mark.before, 0} : mark)));
    if (on_kept) on_kept();
    return {};
  };
  journal.read = [this](RowRange range) -> Result<std::vector<Segment>> {
    std::vector<Segment> found;
    std::ranges::copy_if(segments_, std::back_inserter(found), [&](const Segment& s) {
      return s.last_row >= range.first && s.first_row < range.end;
    });
    return found;
  };
  for (const Segment& s : segments_) journal.kept_before = std::max(journal.kept_before, s.last_row + 1);
  journal.mark = mark_;
  return journal;
}

Result<void> SimDisk::put_note(const Commit& commit) {
  std::optional<engine::CommitNote> note = keeper_.of(commit);
  if (!note) return {};
  return call([&] { notes_[static_cast<int>(note->part)] = note->commit; });
}

Result<void> SimDisk::commit(const Commit& commit) {
  auto mark = [&]() -> Result<void> {
    commits_.push_back(commit);
    std::string payload;
    append_varint(payload, commits_.size() - 1);
    return log(kMarked, payload);
  };
  auto publish_late = [&]() -> Result<void> {
    for (const auto& effect : std::exchange(late_, {})) TRY_VOID(effect());
    return {};
  };
  if (breakage_ == Breakage::kMarksFirst) {
    TRY_VOID(mark());
    TRY_VOID(publish_late());
    return put_note(commit);
  }
  TRY_VOID(put_note(commit));
  TRY_VOID(publish_late());
  return mark();
}

Result<void> SimDisk::open(Table& table, int next_part) {
  table.unfinished.clear();
  if (table.remote) {
    auto ahead = notes_.find(next_part);
    int keep = ahead != notes_.end() && keeper_.take_up(ahead->second) ? next_part + 1 : next_part;
    // By number: a call whose reply was lost is made again.
    while (!notes_.empty() && notes_.rbegin()->first >= keep) {
      int last = notes_.rbegin()->first;
      TRY_VOID(call([this, last] { notes_.erase(last); }));
    }
  }
  while (!table.parts.empty() && table.parts.rbegin()->first >= next_part) {
    int last = table.parts.rbegin()->first;
    TRY_VOID(step(table, [&table, last] { table.parts.erase(last); }));
  }
  return {};
}

Result<void> SimDisk::write(Table& table, int part, std::string_view bytes) {
  return append(table.unfinished[part], bytes);
}

Result<void> SimDisk::publish(Table& table, int part) {
  auto effect = [&table, part] {
    auto upload = table.unfinished.find(part);
    if (upload == table.unfinished.end()) return;  // done before, and the reply was lost
    std::vector<std::string> rows;
    for (std::string_view line : split(upload->second, '\n')) {
      if (!line.empty()) rows.emplace_back(line);
    }
    table.parts[part] = std::move(rows);
    table.unfinished.erase(upload);
  };
  auto now = [this, &table, effect] { return step(table, effect); };
  bool late = breakage_ == Breakage::kMarksFirst || (breakage_ == Breakage::kNotesFirst && table.remote);
  if (!late) return now();
  late_.emplace_back(now);
  return {};
}

Result<void> SimDisk::finish(Table& table) {
  return step(table, [&table] { table.finished = true; });
}

std::string SimDisk::lose_run_directory() {
  log_.clear();
  failures = {};
  recover();
  engine::Recovery recovery;
  noted_.clear();
  int parts = 0;
  for (const auto& [index, note] : notes_) {
    if (index != parts) break;
    auto part = sink.parts.find(index);
    bool ahead = note.part.rows == 0;
    if (!ahead) {
      if (part == sink.parts.end()) return "part " + std::to_string(index) + " is noted and not there";
      if (static_cast<std::int64_t>(part->second.size()) != note.part.rows)
        return "part " + std::to_string(index) + " has other rows than its note says";
      ++parts;
    }
    recovery.add(note);
    if (ahead) break;
  }
  Commit commit = recovery.commit();
  commit.parts = parts;
  noted_ = commit.beyond;
  noted_.push_back({0, commit.next.row});
  std::vector<Segment> kept;
  for (;;) {
    std::vector<Segment> piece = recovery.next_segments();
    if (piece.empty()) break;
    for (const Segment& segment : piece) {
      ledger::SegmentReader reader(segment);
      while (auto record = reader.next()) noted_.push_back({record->row, record->row + 1});
    }
    std::ranges::move(piece, std::back_inserter(kept));
  }
  fault_ = {};
  weather_ = {};
  dead_ = false;
  commits_.push_back(commit);
  std::string payload;
  append_varint(payload, commits_.size() - 1);
  auto marked = log(kMarked, payload);
  auto known = log(kKept, kept_text(kept, {}));
  return marked && known ? "" : "the new ledger could not be written";
}

bool SimDisk::was_noted(std::int64_t row) const {
  return std::ranges::any_of(noted_,
                             [row](const RowRange& range) { return row >= range.first && row < range.end; });
}

Result<void> DiskSink::open(OwnedSchema schema, int next_part) {
  schema_ = std::move(schema);
  next_part_ = next_part;
  return disk_->open(*table_, next_part);
}

Result<void> DiskSink::write(OwnedArray rows) {
  TRY(table::RowReader reader, table::RowReader::make(*schema_.get()));
  TRY_VOID(reader.look_at(*rows.get()));
  std::string text;
  for (std::int64_t row = 0; row < reader.rows(); ++row) {
    {
      json::Object object(text);
      for (int c = 0; c < reader.columns(); ++c) reader.append_json(object.key(reader.name(c)), c, row);
    }
    text += '\n';
  }
  open_rows_ += reader.rows();
  return disk_->write(*table_, next_part_, text);
}

Result<PartInfo> DiskSink::publish() {
  PartInfo part;
  if (open_rows_ == 0) return part;
  part = {"part " + std::to_string(next_part_), std::exchange(open_rows_, 0), 0};
  TRY_VOID(disk_->publish(*table_, next_part_++));
  return part;
}

Result<void> DiskSink::finish(std::int64_t rows) {
  auto there = static_cast<std::int64_t>(table_->rows().size());
  if (rows != there) {
    return failure({ErrorCode::kAccounting, "the simulated sink", std::to_string(there) + " rows",
                    std::to_string(rows), ""});
  }
  return disk_->finish(*table_);
}

void DiskSink::abort() {
  open_rows_ = 0;
  if (!disk_->dead()) table_->unfinished.clear();
}

}  // namespace rowcall::sim
