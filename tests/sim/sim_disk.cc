// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_disk.h"

#include <algorithm>
#include <utility>

#include "base/json_text.h"
#include "base/try.h"
#include "table/row_reader.h"

namespace rowcall::sim {

std::vector<std::string> SimDisk::Table::rows() const {
  std::vector<std::string> all;
  for (const auto& [index, part] : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

void SimDisk::begin_session(DiskFault fault) {
  fault_ = fault;
  operations_ = 0;
  dead_ = false;
  late_.clear();
}

Result<void> SimDisk::operate(const std::function<void()>& effect) {
  Error error{ErrorCode::kStorage, "the simulated disk", "failed on purpose", "", ""};
  if (dead_) return failure(error);
  using enum DiskFault::Kind;
  DiskFault::Kind now = operations_++ == fault_.operation ? fault_.kind : kNone;
  if (now == kKillBefore) dead_ = true;
  if (now == kKillBefore || now == kFailBefore) return failure(error);
  effect();
  if (now == kKillAfter) dead_ = true;
  if (now == kKillAfter || now == kFailAfter) return failure(error);
  return {};
}

Result<void> SimDisk::publish(std::function<void()> effect) {
  if (!mark_first_) return operate(effect);
  late_.push_back(std::move(effect));
  return {};
}

Result<void> SimDisk::commit(const Commit& commit) {
  TRY_VOID(operate([&] {
    commit_ = commit;
    std::erase_if(segments_, [&](const Segment& s) { return s.last_row < commit.next.row; });
  }));
  for (const auto& effect : std::exchange(late_, {})) TRY_VOID(operate(effect));
  return {};
}

Journal SimDisk::journal() {
  Journal journal;
  journal.keep = [this](const std::vector<Segment>& segments, const SendMark& mark) {
    return operate([&] {
      segments_.insert(segments_.end(), segments.begin(), segments.end());
      mark_ = mark;
      if (on_kept) on_kept();
    });
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

Result<void> DiskSink::open(OwnedSchema schema, int next_part) {
  schema_ = std::move(schema);
  next_part_ = next_part;
  return disk_->operate([] {});
}

Result<void> DiskSink::write(OwnedArray rows) {
  TRY_VOID(disk_->operate([] {}));
  TRY(table::RowReader reader, table::RowReader::make(*schema_.get()));
  TRY_VOID(reader.look_at(*rows.get()));
  for (std::int64_t row = 0; row < reader.rows(); ++row) {
    std::string text;
    {
      json::Object object(text);
      for (int c = 0; c < reader.columns(); ++c) reader.append_json(object.key(reader.name(c)), c, row);
    }
    open_part_.push_back(std::move(text));
  }
  return {};
}

Result<PartInfo> DiskSink::publish() {
  PartInfo part;
  if (open_part_.empty()) return part;
  part = {"part " + std::to_string(next_part_), static_cast<std::int64_t>(open_part_.size()), 0};
  int index = next_part_++;
  auto effect = [table = table_, index, rows = std::exchange(open_part_, {})] { table->parts[index] = rows; };
  TRY_VOID(disk_->publish(effect));
  return part;
}

Result<void> DiskSink::finish(std::int64_t rows) {
  auto there = static_cast<std::int64_t>(table_->rows().size());
  if (rows != there) {
    return failure({ErrorCode::kAccounting, "the simulated sink", std::to_string(there) + " rows",
                    std::to_string(rows), ""});
  }
  return disk_->operate([this] { table_->finished = true; });
}

}  // namespace rowcall::sim
