// SPDX-License-Identifier: Apache-2.0
#include "engine/outlet.h"

#include <utility>

#include "base/try.h"
#include "table/schema.h"
#include "table/slice.h"

namespace rowcall::engine {

Outlet::Outlet(const Host& host, const Job& job, AnswerJournal* journal, const ArrowSchema& input,
               const ArrowSchema& output)
    : host_(host),
      journal_(journal),
      part_rows_(job.sink.part_rows),
      order_(job.run.order),
      failure_table_(input),
      output_(table::copy_of(output)),
      parts_(host.resume.parts),
      progress_(host.resume),
      written_(host.resume.counts) {}

Result<void> Outlet::open() {
  // The failure table is begun with the first failure; one that was begun must be finished, too.
  if (host_.resume.failure_parts > 0) TRY_VOID(open_failures());
  return host_.sink->open(std::move(output_), parts_);
}

Result<void> Outlet::open_failures() {
  failures_open_ = true;
  return host_.failures->open(failure_table_.schema(), host_.resume.failure_parts);
}

void Outlet::begin(const std::vector<BegunBatch>& batches) {
  for (const BegunBatch& batch : batches) progress_.begun(batch);
}

Result<void> Outlet::write(std::unique_ptr<HeldBatch> batch) {
  if (cut_off_) return {};
  // A full part waits for the next batch, whose position tells exactly where a later run would begin.
  if (rows_in_part_ >= part_rows_) TRY_VOID(publish());
  std::int64_t count = whole_rows(*batch);
  if (host_.commit) unanswered_.add(*batch);
  auto answers = table::share(batch->answers.finish());
  auto rows = table::share(std::move(batch->source.rows));
  TRY_VOID(write_answered(*batch, rows, answers, count));
  TRY_VOID(write_failed(*batch, rows));

  std::int64_t records = static_cast<std::int64_t>(batch->source.unreadable.size());
  for (std::int64_t i = 0; i < count; ++i) {
    Ending ending = *batch->endings[static_cast<std::size_t>(i)];
    if (ending == Ending::kSkipped) continue;
    ++written_[ending];
    ++records;
  }
  written_[Ending::kUnreadable] += static_cast<std::int64_t>(batch->source.unreadable.size());
  written_.rows += records;
  rows_in_part_ += records;
  progress_.written(batch->source.position, records);
  return {};
}

// How many rows of the batch, from its first on, are looked at for writing.
std::int64_t Outlet::whole_rows(HeldBatch& batch) {
  if (!host_.commit) {
    for (std::int64_t i = 0; i < batch.rows(); ++i) {
      if (batch.endings[static_cast<std::size_t>(i)] == Ending::kSkipped)
        left_out_.push_back(batch.number(i));
    }
    return batch.rows();
  }
  std::int64_t count = 0;
  while (count < batch.rows() && batch.endings[static_cast<std::size_t>(count)] != Ending::kSkipped) ++count;
  if (count < batch.rows()) {
    batch.cut(count);
    cut_off_ = order_ == Order::kInput;
  }
  return count;
}

// Runs of answered rows go out as they stand, without copying.
Result<void> Outlet::write_answered(const HeldBatch& batch, const table::SharedTable& rows,
                                    const table::SharedTable& answers, std::int64_t count) {
  auto answered = [&](std::int64_t i) {
    auto ending = batch.endings[static_cast<std::size_t>(i)];
    return ending == Ending::kOk || ending == Ending::kNoMatch;
  };
  for (std::int64_t from = 0; from < count;) {
    if (!answered(from)) {
      ++from;
      continue;
    }
    std::int64_t to = from + 1;
    while (to < count && answered(to)) ++to;
    TRY_VOID(host_.sink->write(table::side_by_side({{rows, from}, {answers, from}}, to - from)));
    from = to;
  }
  return {};
}

Result<void> Outlet::write_failed(const HeldBatch& batch, const table::SharedTable& rows) {
  for (OwnedArray& part : failure_table_.build(batch, rows)) {
    if (!failures_open_) TRY_VOID(open_failures());
    TRY_VOID(host_.failures->write(std::move(part)));
  }
  return {};
}

Result<void> Outlet::publish() {
  TRY_VOID(journal_->sync());
  if (failures_open_) {
    TRY(PartInfo part, host_.failures->publish());
    failures_.rows += part.rows;
    failures_.bytes += part.bytes;
    if (part.rows > 0) {
      failures_.path = part.path;
      ++failure_parts_;
    }
  }
  TRY(PartInfo part, host_.sink->publish());
  rows_in_part_ = 0;
  if (part.rows > 0) {
    ++parts_;
    published_.push_back(part);
  }
  if (host_.commit) {
    TRY_VOID(host_.commit(Commit{part, parts_, host_.resume.failure_parts + failure_parts_, progress_.next(),
                                 progress_.beyond(), written_, unanswered_.all()}));
  }
  if (part.rows > 0) unanswered_.clear();
  return {};
}

std::vector<PartInfo> Outlet::take_published() {
  std::vector<PartInfo> parts(published_.begin() + static_cast<std::ptrdiff_t>(given_out_), published_.end());
  given_out_ = published_.size();
  return parts;
}

Result<void> Outlet::close(bool whole) {
  TRY_VOID(publish());
  if (!whole) return {};
  if (failures_open_) {
    TRY_VOID(host_.failures->finish(written_[Ending::kFailed] + written_[Ending::kUnreadable]));
  }
  return host_.sink->finish(written_[Ending::kOk] + written_[Ending::kNoMatch]);
}

void Outlet::abort() {
  host_.sink->abort();
  if (failures_open_) host_.failures->abort();
}

}  // namespace rowcall::engine
