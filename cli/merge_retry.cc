// SPDX-License-Identifier: Apache-2.0
#include "cli/merge_retry.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/disk.h"
#include "base/parse.h"
#include "base/try.h"
#include "files/files.h"
#include "table/row_reader.h"
#include "table/schema.h"
#include "table/slice.h"

namespace rowcall::cli {
namespace {

namespace fs = std::filesystem;

Result<std::unique_ptr<TableSource>> table_at(const std::string& path, const S3Spec& s3) {
  SourceSpec spec;
  spec.paths = {path};
  spec.format = FileFormat::kParquet;
  return files::open_source(spec, s3);
}

// Rows of a table, a batch at a time, cut where somebody wants to.
class Rows {
 public:
  explicit Rows(std::unique_ptr<TableSource> source) : source_(std::move(source)) {}
  TableSource& source() { return *source_; }

  /// The next rows, at most `most`; nothing at the end.
  Result<OwnedArray> take(std::int64_t most) {
    while (!batch_ || at_ == (*batch_)->length) {
      TRY(std::optional<SourceBatch> next, source_->next());
      if (!next) return OwnedArray{};
      batch_ = table::share(std::move(next->rows));
      at_ = 0;
    }
    std::int64_t count = std::min(most, (*batch_)->length - at_);
    OwnedArray rows = table::side_by_side({{batch_, at_}}, count);
    at_ += count;
    return rows;
  }

 private:
  std::unique_ptr<TableSource> source_;
  table::SharedTable batch_;
  std::int64_t at_ = 0;
};

// A sink that is written part by part, and what came of it.
struct Writing {
  std::unique_ptr<TableSink> sink;
  std::int64_t part_rows = 0;
  std::int64_t rows = 0;
  std::int64_t in_part = 0;
  std::vector<PartInfo> parts;

  Result<void> publish() {
    in_part = 0;
    TRY(PartInfo part, sink->publish());
    if (part.rows > 0) parts.push_back(part);
    return {};
  }
  Result<void> add(OwnedArray array) {
    if (in_part >= part_rows) TRY_VOID(publish());
    rows += array->length;
    in_part += array->length;
    return sink->write(std::move(array));
  }
  Result<void> finish() {
    TRY_VOID(publish());
    return sink->finish(rows);
  }
};

// Hands over `count` rows. Fewer there are: the table is not what it was.
Result<void> pass_on(Rows& from, std::int64_t count, Writing& to) {
  while (count > 0) {
    TRY(OwnedArray rows, from.take(count));
    if (!rows) {
      return failure({ErrorCode::kChanged, "the run's table", "it has fewer rows than the run has written",
                      "the table of the run", ""});
    }
    count -= rows->length;
    TRY_VOID(to.add(std::move(rows)));
  }
  return {};
}

Result<void> pass_on_all(Rows& from, Writing& to) {
  for (;;) {
    TRY(OwnedArray rows, from.take(INT64_MAX));
    if (!rows) return {};
    TRY_VOID(to.add(std::move(rows)));
  }
}

// The numbers in a failure table, row by row.
Result<std::vector<std::int64_t>> numbers_in(const fs::path& failures, const S3Spec& s3) {
  std::vector<std::int64_t> numbers;
  std::error_code ignored;
  if (!fs::exists(failures, ignored)) return numbers;
  TRY(auto source, table_at(failures.string(), s3));
  TRY(OwnedSchema schema, source->schema());
  TRY(table::RowReader reader, table::RowReader::make(*schema.get()));
  int number = std::max(reader.find("rowcall_row_id"), reader.find("row_id"));
  for (;;) {
    TRY(std::optional<SourceBatch> batch, source->next());
    if (!batch) return numbers;
    TRY_VOID(reader.look_at(*batch->rows.get()));
    for (std::int64_t row = 0; row < reader.rows(); ++row) {
      std::string text;
      reader.append_text(text, number, row);
      numbers.push_back(parse_int(text).value_or(-1));
    }
  }
}

// Interleaves two tables in the order of row numbers: the old one has every row but `missing`, of which
// `answered` are in the new one.
Result<void> interleave(Rows& old, Rows& answers, const std::set<std::int64_t>& missing,
                        const std::vector<std::int64_t>& answered, Writing& to) {
  std::int64_t next = 0;  // the first row number that is not yet passed
  auto before = missing.begin();
  for (std::int64_t number : answered) {
    std::int64_t there = number - next;
    for (; before != missing.end() && *before < number; ++before) --there;
    TRY_VOID(pass_on(old, there, to));
    TRY_VOID(pass_on(answers, 1, to));
    next = number;
  }
  return pass_on_all(old, to);
}

struct Merge {
  const FinishedRetry& retry;
  std::set<std::int64_t> failed_before;  // and unreadable
  std::vector<std::int64_t> failed_again;
  std::vector<std::int64_t> answered;
};

Result<std::vector<PartInfo>> write_table(const Merge& merge, const ledger::RunState& run) {
  const Job& job = merge.retry.job;
  TRY(auto old_source, table_at(job.sink.path, job.s3));
  TRY(SourceInfo info, old_source->info());
  auto answered = static_cast<std::int64_t>(merge.answered.size());
  std::int64_t was = run.commit.counts[Ending::kOk] + run.commit.counts[Ending::kNoMatch];
  // Killed after the new table had taken the old one's place, and before that was noted.
  if (info.rows == was + answered) return std::vector<PartInfo>{{job.sink.path, info.rows, 0}};
  Rows old(std::move(old_source));
  TRY(auto answers_source, table_at((merge.retry.again.path() / merge.retry.output).string(), job.s3));
  Rows answers(std::move(answers_source));
  TRY(OwnedSchema schema, old.source().schema());
  TRY(OwnedSchema other, answers.source().schema());
  if (table::described(*schema.get()) != table::described(*other.get())) {
    return failure({ErrorCode::kChanged, job.sink.path, "it has other columns than the answers of the retry",
                    "the table of the run", "The answers are in " + merge.retry.again.path().string() + "."});
  }
  Writing writing;
  SinkSpec spec = job.sink;
  spec.overwrite = true;
  spec.format = FileFormat::kParquet;
  writing.part_rows = spec.part_rows;
  TRY(writing.sink, files::open_sink(spec, job.s3, merge.retry.again.staging() / "merged"));
  TRY_VOID(writing.sink->open(std::move(schema), 0));
  Result<void> written = job.run.order == Order::kInput
                             ? interleave(old, answers, merge.failed_before, merge.answered, writing)
                             : pass_on_all(old, writing);
  if (written && job.run.order == Order::kAny) written = pass_on_all(answers, writing);
  if (written && writing.rows != was + answered) {
    written = failure({ErrorCode::kAccounting, job.sink.path, grouped(writing.rows) + " rows",
                       grouped(was + answered) + " rows", "The table is left as it was."});
  }
  if (!written) {
    writing.sink->abort();
    return failure(std::move(written).error());
  }
  TRY_VOID(writing.finish());
  return writing.parts;
}

// What is failed still: the old failures that were not taken up, then those of the retry.
Result<void> write_failures(const Merge& merge) {
  const ledger::RunFolder& folder = merge.retry.folder;
  fs::path next = folder.path() / "failures.next";
  fs::path old = folder.path() / "failures.old";
  std::error_code ignored;
  // Killed between the two renames below.
  if (!fs::exists(folder.failures(), ignored) && fs::exists(old, ignored) && fs::exists(next, ignored)) {
    fs::rename(next, folder.failures(), ignored);
  }
  TRY(std::vector<std::int64_t> there, numbers_in(folder.failures(), merge.retry.job.s3));
  std::set<std::int64_t> taken_up(merge.retry.taken_up.begin(), merge.retry.taken_up.end());
  fs::remove_all(next, ignored);
  TRY(auto source, table_at(folder.failures().string(), merge.retry.job.s3));
  Rows before(std::move(source));
  TRY(OwnedSchema schema, before.source().schema());
  Writing writing;
  writing.part_rows = merge.retry.job.sink.part_rows;
  SinkSpec spec;
  spec.path = next.string() + "/";
  spec.format = FileFormat::kParquet;
  spec.overwrite = true;
  fs::path staging = merge.retry.again.staging() / "failures-merged";
  fs::remove_all(staging, ignored);
  TRY(writing.sink, files::open_sink(spec, merge.retry.job.s3, staging));
  TRY_VOID(writing.sink->open(std::move(schema), 0));
  for (std::int64_t number : there) {
    TRY(OwnedArray row, before.take(1));
    if (row && !taken_up.contains(number)) TRY_VOID(writing.add(std::move(row)));
  }
  if (!merge.failed_again.empty()) {
    TRY(auto again, table_at(merge.retry.again.failures().string(), merge.retry.job.s3));
    Rows more(std::move(again));
    TRY_VOID(pass_on_all(more, writing));
  }
  TRY_VOID(writing.finish());
  std::error_code error;
  fs::remove_all(old, ignored);
  fs::rename(folder.failures(), old, error);
  if (!error) fs::rename(next, folder.failures(), error);
  if (error) return failure(disk_error(folder.failures(), "replacing", error.value()));
  TRY_VOID(sync_folder(folder.path()));
  fs::remove_all(old, ignored);
  return {};
}

}  // namespace

bool can_be_merged(const Job& job, FileFormat format) {
  return format == FileFormat::kParquet && job.sink.path != "-";
}

Result<void> merge_retry(const FinishedRetry& retry, ledger::Ledger& ledger) {
  TRY(ledger::RunState run, ledger.state());
  TRY(auto again_ledger, retry.again.ledger());
  TRY(ledger::RunState again, again_ledger->state());
  Merge merge{retry, {}, {}, {}};
  TRY(merge.failed_again, numbers_in(retry.again.failures(), retry.job.s3));
  std::set<std::int64_t> still(merge.failed_again.begin(), merge.failed_again.end());
  std::ranges::copy_if(retry.taken_up, std::back_inserter(merge.answered),
                       [&](std::int64_t number) { return !still.contains(number); });
  TRY(std::vector<std::int64_t> before, numbers_in(retry.folder.failures(), retry.job.s3));
  const Counts& now = run.commit.counts;
  bool no_longer_failed =
      !merge.answered.empty() && std::ranges::find(before, merge.answered.front()) == before.end();
  if (no_longer_failed &&
      now[Ending::kFailed] + now[Ending::kUnreadable] == static_cast<std::int64_t>(before.size())) {
    return write_file(retry.again.path() / "merged", "");  // killed just before this
  }
  merge.failed_before.insert(before.begin(), before.end());
  merge.failed_before.insert(retry.taken_up.begin(), retry.taken_up.end());
  TRY(std::vector<PartInfo> parts, write_table(merge, run));
  TRY_VOID(write_failures(merge));
  Commit commit = run.commit;
  commit.parts = static_cast<int>(parts.size());
  Counts& counts = commit.counts;
  counts[Ending::kOk] += again.commit.counts[Ending::kOk];
  counts[Ending::kNoMatch] += again.commit.counts[Ending::kNoMatch];
  counts[Ending::kFailed] -= static_cast<std::int64_t>(merge.answered.size());
  TRY_VOID(ledger.replace_parts(commit, parts));
  return write_file(retry.again.path() / "merged", "");
}

}  // namespace rowcall::cli
