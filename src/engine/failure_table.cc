// SPDX-License-Identifier: Apache-2.0
#include "engine/failure_table.h"

#include <algorithm>

namespace rowcall::engine {

using table::TypeId;

namespace {

enum FailureColumn {
  kErrorClass,
  kStatus,
  kAttempts,
  kMessage,
  kBodyExcerpt,
  kSourceFile,
  kSourceRow,
  kSourceLine,
  kRowId
};

// The text must fit into one array; what does not is left out, which an excerpt may be.
void put(table::AnswerColumns& into, FailureColumn column, std::int64_t row, std::string_view text) {
  if (!into.set_text(column, row, text)) into.set_null(column, row);
}

}  // namespace

// A failed row, or an unreadable record: one of the two is set.
struct FailureTable::Entry {
  std::int64_t number;
  const FailedRow* failed = nullptr;
  const UnreadableRow* unreadable = nullptr;

  // True when this entry's rows can follow those of `before` in one array.
  bool follows(const Entry& before) const {
    if (unreadable != nullptr || before.unreadable != nullptr)
      return unreadable != nullptr && before.unreadable != nullptr;
    return failed->index == before.failed->index + 1;
  }
};

FailureTable::FailureTable(const ArrowSchema& input) : input_(table::copy_of(input)) {
  columns_ = {{"error_class", {TypeId::kString, 0, 0}},  {"status", {TypeId::kInt32, 0, 0}},
              {"attempts", {TypeId::kInt32, 0, 0}},      {"message", {TypeId::kString, 0, 0}},
              {"body_excerpt", {TypeId::kString, 0, 0}}, {"source_file", {TypeId::kString, 0, 0}},
              {"source_row", {TypeId::kInt64, 0, 0}},    {"source_line", {TypeId::kInt64, 0, 0}},
              {"row_id", {TypeId::kInt64, 0, 0}}};
  std::vector<std::string> taken = table::column_names(input);
  for (table::Column& column : columns_) {
    if (std::ranges::find(taken, column.name) != taken.end()) column.name = "rowcall_" + column.name;
  }
}

OwnedSchema FailureTable::schema() const {
  OwnedSchema schema = table::extended(*input_.get(), columns_);
  // The input columns of an unreadable record are null, whatever the source promises.
  for (std::int64_t c = 0; c < schema->n_children; ++c) schema->children[c]->flags |= ARROW_FLAG_NULLABLE;
  return schema;
}

std::vector<OwnedArray> FailureTable::build(const HeldBatch& batch, const table::SharedTable& rows) const {
  std::vector<Entry> entries;
  for (const FailedRow& failed : batch.failed)
    entries.push_back({batch.number(failed.index), &failed, nullptr});
  for (const UnreadableRow& row : batch.source.unreadable) entries.push_back({row.row, nullptr, &row});
  std::ranges::sort(entries, {}, &Entry::number);
  std::vector<OwnedArray> arrays;
  for (std::size_t from = 0; from < entries.size();) {
    std::size_t to = from + 1;
    while (to < entries.size() && entries[to].follows(entries[to - 1])) ++to;
    arrays.push_back(rows_of({entries.begin() + static_cast<std::ptrdiff_t>(from),
                              entries.begin() + static_cast<std::ptrdiff_t>(to)},
                             batch, rows));
    from = to;
  }
  return arrays;
}

OwnedArray FailureTable::rows_of(const std::vector<Entry>& entries, const HeldBatch& batch,
                                 const table::SharedTable& rows) const {
  auto count = static_cast<std::int64_t>(entries.size());
  table::AnswerColumns ours(&columns_, count);
  for (std::int64_t i = 0; i < count; ++i) {
    const Entry& entry = entries[static_cast<std::size_t>(i)];
    put(ours, kSourceFile, i, batch.source.file);
    ours.set_int(kSourceRow, i,
                 batch.source.position.row_in_file + (entry.number - batch.source.position.row) + 1);
    ours.set_int(kRowId, i, entry.number);
    if (entry.unreadable != nullptr) {
      put(ours, kErrorClass, i, "unreadable");
      put(ours, kMessage, i, entry.unreadable->reason);
      put(ours, kBodyExcerpt, i, entry.unreadable->excerpt);
      if (entry.unreadable->line > 0) ours.set_int(kSourceLine, i, entry.unreadable->line);
    } else {
      put(ours, kErrorClass, i, entry.failed->error_class);
      put(ours, kMessage, i, entry.failed->message);
      put(ours, kBodyExcerpt, i, entry.failed->body_excerpt);
      if (entry.failed->status > 0) ours.set_int(kStatus, i, entry.failed->status);
      ours.set_int(kAttempts, i, entry.failed->attempts);
    }
  }
  table::Cut input;
  if (entries.front().unreadable != nullptr) {
    input = {table::share(table::all_null(*input_.get(), count)), 0};
  } else {
    input = {rows, entries.front().failed->index};
  }
  return table::side_by_side({input, {table::share(ours.finish()), 0}}, count);
}

}  // namespace rowcall::engine
