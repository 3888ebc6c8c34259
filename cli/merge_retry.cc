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
      if (!next->unreadable.empty()) {
        const UnreadableRow& row = next->unreadable.front();
        return failure({ErrorCode::kChanged, next->file + " line " + std::to_string(row.line), row.reason,
                        "a table as rowcall has written it", "Put it back from a copy."});
      }
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

Result<std::unique_ptr<TableSource>> failure_table(const fs::path& folder, const FinishedRetry& retry) {
  return own_table(folder.string(), {retry.kind.format, Compression::kNone}, retry.job.s3);
}

// The numbers in a failure table, row by row.
Result<std::vector<std::int64_t>> numbers_in(const fs::path& failures, const FinishedRetry& retry) {
  std::vector<std::int64_t> numbers;
  std::error_code ignored;
  if (!fs::exists(failures, ignored)) return numbers;
  TRY(auto source, failure_table(failures, retry));
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

// RUN/retries/N/merging: the parts of the new table, a line for each with rows, bytes and path. It is there
// once all of them are, and from then on the old table is no longer read: it may be gone already.
Result<std::vector<PartInfo>> parts_ready(const fs::path& file) {
  std::vector<PartInfo> parts;
  TRY(std::string text, read_file(file));
  for (std::string_view line : split(text, '\n')) {
    auto rows_end = line.find(' ');
    auto bytes_end = line.find(' ', rows_end + 1);
    if (bytes_end == std::string_view::npos) continue;
    parts.push_back({std::string(line.substr(bytes_end + 1)), parse_int(line.substr(0, rows_end)).value_or(0),
                     parse_int(line.substr(rows_end + 1, bytes_end - rows_end - 1)).value_or(0)});
  }
  return parts;
}

Result<void> note_ready(const fs::path& file, const std::vector<PartInfo>& parts) {
  std::string text;
  for (const PartInfo& part : parts)
    text += std::to_string(part.rows) + " " + std::to_string(part.bytes) + " " + part.path + "\n";
  return write_file(file, text);
}

// Both tables into the parts of the new one.
Result<void> write_parts(const Merge& merge, Rows& answers, OwnedSchema schema, std::int64_t rows_wanted,
                         Writing& writing) {
  const Job& job = merge.retry.job;
  TRY(auto old_source,
      own_table(job.sink.path, merge.retry.kind, job.s3, table::column_names(*schema.get())));
  Rows old(std::move(old_source));
  TRY(OwnedSchema was, old.source().schema());
  if (table::described(*schema.get()) != table::described(*was.get())) {
    return failure({ErrorCode::kChanged, job.sink.path, "it has other columns than the answers of the retry",
                    "the table of the run", "The answers are in " + merge.retry.again.path().string() + "."});
  }
  TRY_VOID(writing.sink->open(std::move(schema), 0));
  if (job.run.order == Order::kInput) {
    TRY_VOID(interleave(old, answers, merge.failed_before, merge.answered, writing));
  } else {
    TRY_VOID(pass_on_all(old, writing));
    TRY_VOID(pass_on_all(answers, writing));
  }
  if (writing.rows != rows_wanted) {
    return failure({ErrorCode::kAccounting, job.sink.path, grouped(writing.rows) + " rows",
                    grouped(rows_wanted) + " rows", "The table is left as it was."});
  }
  return writing.publish();
}

// The new table takes the place of the old one when all of it is written; that can be done again until it is
// noted as merged.
Result<std::vector<PartInfo>> write_table(const Merge& merge, const ledger::RunState& run) {
  if (merge.answered.empty()) return run.parts;
  const Job& job = merge.retry.job;
  const ledger::RunFolder& again = merge.retry.again;
  auto answered = static_cast<std::int64_t>(merge.answered.size());
  std::int64_t rows = run.commit.counts[Ending::kOk] + run.commit.counts[Ending::kNoMatch] + answered;
  files::FileKind beside = merge.retry.kind;
  if (beside.format != FileFormat::kParquet) beside.compression = Compression::kNone;
  TRY(auto answers_source, own_table((again.path() / merge.retry.output).string(), beside, job.s3));
  Rows answers(std::move(answers_source));
  TRY(OwnedSchema schema, answers.source().schema());
  SinkSpec spec = job.sink;
  spec.overwrite = true;
  spec.format = merge.retry.kind.format;
  Writing writing;
  writing.part_rows = spec.part_rows;
  TRY(writing.sink, files::open_sink(spec, job.s3, again.staging() / "merged"));
  fs::path ready = again.path() / "merging";
  std::error_code ignored;
  if (fs::exists(ready, ignored)) {
    TRY(writing.parts, parts_ready(ready));
    TRY_VOID(writing.sink->open(std::move(schema), static_cast<int>(writing.parts.size())));
  } else {
    Result<void> written = write_parts(merge, answers, std::move(schema), rows, writing);
    if (!written) {
      writing.sink->abort();
      return failure(std::move(written).error());
    }
    TRY_VOID(note_ready(ready, writing.parts));
  }
  TRY_VOID(writing.sink->finish(rows));
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
  TRY(std::vector<std::int64_t> there, numbers_in(folder.failures(), merge.retry));
  std::set<std::int64_t> taken_up(merge.retry.taken_up.begin(), merge.retry.taken_up.end());
  fs::remove_all(next, ignored);
  TRY(auto source, failure_table(folder.failures(), merge.retry));
  Rows before(std::move(source));
  TRY(OwnedSchema schema, before.source().schema());
  Writing writing;
  writing.part_rows = merge.retry.job.sink.part_rows;
  SinkSpec spec;
  spec.path = next.string() + "/";
  spec.format = merge.retry.kind.format;
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
    TRY(auto again, failure_table(merge.retry.again.failures(), merge.retry));
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

Result<std::unique_ptr<TableSource>> own_table(const std::string& path, const files::FileKind& kind,
                                               const S3Spec& s3, const std::vector<std::string>& columns) {
  SourceSpec spec;
  spec.paths = {path};
  spec.format = kind.format;
  if (kind.format != FileFormat::kParquet) {
    spec.compression = kind.compression;
    spec.infer_types = false;
    spec.line_bytes_max = 1 << 30;
    const char* type = kind.format == FileFormat::kCsv ? "string" : "json";
    for (const std::string& column : columns) spec.types.emplace_back(column, type);
  }
  return files::open_source(spec, s3);
}

bool can_be_merged(const Job& job) {
  return job.sink.path != "-";
}

Result<void> merge_retry(const FinishedRetry& retry, ledger::Ledger& ledger) {
  TRY(ledger::RunState run, ledger.state());
  TRY(auto again_ledger, retry.again.ledger());
  TRY(ledger::RunState again, again_ledger->state());
  Merge merge{retry, {}, {}, {}};
  TRY(merge.failed_again, numbers_in(retry.again.failures(), retry));
  std::set<std::int64_t> still(merge.failed_again.begin(), merge.failed_again.end());
  std::ranges::copy_if(retry.taken_up, std::back_inserter(merge.answered),
                       [&](std::int64_t number) { return !still.contains(number); });
  TRY(std::vector<std::int64_t> before, numbers_in(retry.folder.failures(), retry));
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
