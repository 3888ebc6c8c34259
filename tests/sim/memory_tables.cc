// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/memory_tables.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/try.h"
#include "table/answer_columns.h"
#include "table/schema.h"

namespace rowcall::sim {
namespace {

const std::vector<table::Column> kColumns = {{"id", {table::TypeId::kInt64, 0, 0}},
                                             {"name", {table::TypeId::kString, 0, 0}}};

OwnedArray rows_of(const std::vector<std::int64_t>& ids) {
  table::AnswerColumns columns(&kColumns, static_cast<std::int64_t>(ids.size()));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto row = static_cast<std::int64_t>(i);
    columns.set_int(0, row, ids[i]);
    static_cast<void>(columns.set_text(1, row, "row " + std::to_string(ids[i])));
  }
  return columns.finish();
}

}  // namespace

Result<OwnedSchema> MemorySource::schema() {
  OwnedArray none = rows_of({});
  ArrowSchema empty{};
  return table::extended(empty, kColumns);
}

Result<SourceInfo> MemorySource::info() {
  SourceInfo info;
  info.files = {{"memory", -1, ""}};
  info.rows = options_.rows;
  info.rows_exact = true;
  return info;
}

Result<std::optional<SourceBatch>> MemorySource::next() {
  std::optional<SourceBatch> out;
  if (at_ >= options_.rows) return out;
  SourceBatch batch;
  batch.file = "memory";
  batch.position = {at_, 0, at_, -1};
  std::vector<std::int64_t> ids;
  std::int64_t end = std::min(at_ + options_.batch_rows, options_.rows);
  for (; at_ < end; ++at_) {
    if (at_ == options_.fails_at) {
      if (at_ == batch.position.row)
        return failure({ErrorCode::kInput, "memory", "broken on purpose", "", ""});
      break;
    }
    if (options_.unreadable && options_.unreadable(at_)) {
      batch.unreadable.push_back({at_, at_ + 1, "unreadable on purpose", "???"});
    } else {
      ids.push_back(at_);
    }
  }
  batch.rows = rows_of(ids);
  out = std::move(batch);
  return out;
}

Result<void> MemorySource::seek(const SourcePosition& to) {
  at_ = to.row;
  return {};
}

Result<void> MemorySink::maybe_fail() {
  if (operations_++ != fail_at_) return {};
  return failure({ErrorCode::kStorage, "memory sink", "failed on purpose", "", ""});
}

Result<void> MemorySink::open(OwnedSchema schema, int) {
  schema_ = std::move(schema);
  columns_ = table::column_names(*schema_.get());
  return {};
}

Result<void> MemorySink::write(OwnedArray rows) {
  TRY_VOID(maybe_fail());
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

Result<PartInfo> MemorySink::publish() {
  TRY_VOID(maybe_fail());
  PartInfo part{"memory", static_cast<std::int64_t>(open_part_.size()), 0};
  std::ranges::move(open_part_, std::back_inserter(published_));
  open_part_.clear();
  return part;
}

Result<void> MemorySink::finish(std::int64_t rows) {
  if (rows != static_cast<std::int64_t>(published_.size())) {
    return failure({ErrorCode::kAccounting, "memory sink", std::to_string(published_.size()) + " rows",
                    std::to_string(rows), ""});
  }
  finished_ = true;
  return {};
}

void MemorySink::abort() {
  open_part_.clear();
}

}  // namespace rowcall::sim
