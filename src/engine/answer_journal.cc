// SPDX-License-Identifier: Apache-2.0
#include "engine/answer_journal.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/try.h"

namespace rowcall::engine {
namespace {

constexpr std::int64_t kLargeBytes = 8 << 20;

void append_failure(std::string& out, const FailedRow& failed) {
  append_sized(out, failed.error_class);
  append_sized(out, failed.message);
  append_sized(out, failed.body_excerpt);
  append_varint(out, static_cast<std::uint64_t>(failed.status));
  append_varint(out, static_cast<std::uint64_t>(failed.attempts));
}

std::optional<FailedRow> take_failure(std::string_view from) {
  auto error_class = take_sized(from);
  auto message = take_sized(from);
  auto excerpt = take_sized(from);
  auto status = take_varint(from);
  auto attempts = take_varint(from);
  if (!error_class || !message || !excerpt || !status || !attempts || !from.empty()) return std::nullopt;
  FailedRow failed;
  failed.error_class = *error_class;
  failed.message = *message;
  failed.body_excerpt = *excerpt;
  failed.status = static_cast<int>(*status);
  failed.attempts = static_cast<int>(*attempts);
  return failed;
}

bool restore_row(const ledger::Record& record, std::int64_t index, HeldBatch& batch) {
  if (record.ending != Ending::kFailed) {
    if (!batch.answers.set_row(index, record.values)) return false;
    batch.end(index, record.ending);
    return true;
  }
  auto failed = take_failure(record.values);
  if (!failed) return false;
  failed->index = index;
  batch.fail(*std::move(failed));
  return true;
}

}  // namespace

void AnswerJournal::note_answer(const HeldBatch& batch, std::int64_t index, Ending ending) {
  if (!on()) return;
  record_.clear();
  batch.answers.append_row(record_, index);
  std::lock_guard lock(noted_mutex_);
  noted_.add({batch.number(index), ending, record_});
}

void AnswerJournal::note_failure(const HeldBatch& batch, const FailedRow& failed) {
  if (!on()) return;
  record_.clear();
  append_failure(record_, failed);
  std::lock_guard lock(noted_mutex_);
  noted_.add({batch.number(failed.index), Ending::kFailed, record_});
}

void AnswerJournal::write_failure(const Unanswered& reason, RowRange rows, ledger::SegmentWriter& into) {
  std::string record;
  append_failure(record, {0, reason.error_class, reason.status, reason.attempts, reason.message, ""});
  for (std::int64_t row = rows.first; row < rows.end; ++row) into.add({row, Ending::kFailed, record});
}

void AnswerJournal::set_mark(const SendMark& mark) {
  std::lock_guard lock(noted_mutex_);
  mark_ = mark;
}

bool AnswerJournal::has_news() const {
  std::lock_guard lock(noted_mutex_);
  return on() && (durable_ != mark_ || !noted_.empty());
}

bool AnswerJournal::durable_under_way() const {
  std::lock_guard lock(noted_mutex_);
  return durable_ && durable_->under_way > 0;
}

bool AnswerJournal::is_large() const {
  std::lock_guard lock(noted_mutex_);
  return noted_.bytes() > kLargeBytes;
}

Result<void> AnswerJournal::sync() {
  if (!on()) return {};
  std::lock_guard one_at_a_time(sync_mutex_);
  SendMark mark;
  {
    std::lock_guard lock(noted_mutex_);
    if (noted_.empty() && durable_ == mark_ && unsynced_.empty()) return {};
    std::ranges::move(noted_.take(), std::back_inserter(unsynced_));
    mark = mark_;
    durable_.reset();
  }
  TRY_VOID(host_.keep(unsynced_, mark));
  unsynced_.clear();
  durable_before_ = mark.before;
  std::lock_guard lock(noted_mutex_);
  durable_ = mark;
  return {};
}

bool AnswerJournal::restore(const std::vector<Segment>& segments, HeldBatch& batch, Counts& counts) {
  for (const Segment& segment : segments) {
    ledger::SegmentReader reader(segment);
    while (auto record = reader.next()) {
      std::int64_t index = batch.index_of(record->row);
      // A row that is there twice was called twice, after a crash of the machine; the first answer counts.
      if (index < 0 || batch.endings[static_cast<std::size_t>(index)]) continue;
      if (!restore_row(*record, index, batch)) return false;
      ++counts[record->ending];
    }
    if (reader.damaged()) return false;
  }
  return true;
}

}  // namespace rowcall::engine
