// SPDX-License-Identifier: Apache-2.0
#include "files/file_sink.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/disk.h"
#include "base/parse.h"
#include "base/try.h"
#include "files/checked.h"

namespace rowcall::files {

namespace fs = std::filesystem;

namespace {

// Gives a file's bytes to `take`, in pieces.
Result<void> pour(const std::string& path, const std::function<Result<void>(std::string_view)>& take) {
  constexpr std::size_t kPiece = 1 << 20;
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failure(disk_error(path, "opening", errno));
  std::string piece(kPiece, '\0');
  Result<void> done;
  for (;;) {
    ssize_t n = ::read(file, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) done = failure(disk_error(path, "reading", errno));
    if (n <= 0) break;
    done = take(std::string_view(piece).substr(0, static_cast<std::size_t>(n)));
    if (!done) break;
  }
  ::close(file);
  return done;
}

Result<void> print(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure(disk_error("standard output", "writing", errno));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Error there_already(const Place& place) {
  return {ErrorCode::kStorage, place.shown, "there is a table already", "a name that is free",
          "Name another file, or replace it with --overwrite."};
}

}  // namespace

FileSink::FileSink(Place place, const PartFormat& format, bool overwrite, const S3Spec& s3, fs::path staging)
    : place_(std::move(place)),
      format_(format),
      overwrite_(overwrite),
      s3_(s3),
      staging_(std::move(staging)) {
  format_.staged = true;
}

Place FileSink::staged(std::size_t index) const {
  std::string path = (staging_ / part_name(index)).string();
  return {false, path, path};
}

Result<void> FileSink::open(OwnedSchema schema, int next_part) {
  schema_ = std::move(schema);
  TRY(std::optional<SinkState> loaded, SinkState::load(staging_, place_.shown));
  bool known = loaded.has_value();
  if (loaded) {
    state_ = *std::move(loaded);
  } else {
    state_.path = place_.shown;
  }
  if (state_.whole) return {};
  bool begins = !known && next_part == 0;
  if (!begins) TRY_VOID(state_.cut(next_part));
  if (format_.kind.format == FileFormat::kParquet) TRY_VOID(check_parquet(*schema_.get(), place_));
  if (begins && !to_stdout()) TRY_VOID(look_at_target());
  TRY_VOID(make_folder(staging_));
  TRY_VOID(go_on());
  first_part_ = state_.parts.size();
  return state_.save(staging_);
}

// Before the first call is made: is the place free, and can it be written to?
Result<void> FileSink::look_at_target() const {
  return place_.s3 ? look_at_s3_target() : look_at_local_target();
}

Result<void> FileSink::look_at_local_target() const {
  fs::path path(place_.path);
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    return failure({ErrorCode::kSetting, place_.shown, "it is a folder", "a file",
                    "End the path with \"/\" to write a folder of parts."});
  }
  if (fs::exists(path, ignored) && !overwrite_) return failure(there_already(place_));
  fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  TRY_VOID(make_folder(folder));
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return failure(disk_error(folder, "writing to", errno));
  return {};
}

Result<void> FileSink::look_at_s3_target() const {
  TRY(auto store, file_system(place_, s3_));
  TRY(arrow::fs::FileInfo info, checked(store->GetFileInfo(place_.path), place_, "write"));
  if (info.IsFile() && !overwrite_) return failure(there_already(place_));
  // An upload that is begun and dropped leaves nothing.
  TRY(OutputFile trial, OutputFile::create(place_, s3_));
  trial.abort();
  return {};
}

// What was committed must be there; what was not goes. What was printed is no longer here.
Result<void> FileSink::go_on() const {
  for (std::size_t i = 0; i < state_.parts.size() && !to_stdout(); ++i) {
    std::error_code error;
    auto bytes = fs::file_size(staged(i).path, error);
    if (error || static_cast<std::int64_t>(bytes) != state_.parts[i].bytes) {
      return failure(
          {ErrorCode::kChanged, staged(i).shown, error ? "it is gone" : std::to_string(bytes) + " bytes",
           "a part of " + std::to_string(state_.parts[i].bytes) + " bytes, written earlier in this run",
           "Put it back, or start the run anew with --fresh."});
    }
  }
  std::set<std::string> ours;
  for (std::size_t i = 0; i < state_.parts.size(); ++i) ours.insert(part_name(i));
  std::error_code error;
  std::vector<fs::path> strays;
  for (const auto& entry : fs::directory_iterator(staging_, error)) {
    std::string name = entry.path().filename().string();
    if (name.starts_with("part-") && !ours.contains(name)) strays.push_back(entry.path());
  }
  for (const fs::path& stray : strays) fs::remove(stray, error);
  if (error) return failure(disk_error(staging_, "clearing", error.value()));
  return {};
}

Result<void> FileSink::begin_part() {
  PartFormat format = format_;
  // Whoever reads standard output now has not seen what was printed by an earlier session.
  std::size_t first = to_stdout() ? first_part_ : 0;
  format.ends = {state_.parts.size() == first, false};
  TRY(PartWriter part, PartWriter::begin(*schema_.get(), format, staged(state_.parts.size()), s3_));
  part_ = std::make_unique<PartWriter>(std::move(part));
  return {};
}

Result<void> FileSink::write(OwnedArray rows) {
  if (rows->length == 0) return {};
  if (!part_) TRY_VOID(begin_part());
  return part_->write(std::move(rows));
}

Result<PartInfo> FileSink::publish() {
  if (!part_) return PartInfo{};
  TRY(std::int64_t bytes, part_->commit());
  PartInfo info{place_.shown, part_->rows(), bytes};
  part_.reset();
  if (to_stdout()) {
    std::string path = staged(state_.parts.size()).path;
    TRY_VOID(pour(path, print));
    ::unlink(path.c_str());
  }
  state_.parts.push_back({info.rows, info.bytes});
  TRY_VOID(state_.save(staging_));
  return info;
}

Result<void> FileSink::finish(std::int64_t rows) {
  if (state_.rows() != rows) {
    return failure({ErrorCode::kAccounting, place_.shown,
                    grouped(state_.rows()) + " rows in " +
                        grouped(static_cast<std::int64_t>(state_.parts.size())) + " parts",
                    grouped(rows) + " rows", "This is a fault of rowcall's own. Please report it."});
  }
  if (state_.whole) return {};
  TRY_VOID(to_stdout() ? write_end() : put_together());
  state_.whole = true;
  TRY_VOID(state_.save(staging_));
  // Only now: until it is noted that the table is whole, it may have to be put together again.
  for (std::size_t i = 0; i < state_.parts.size(); ++i) ::unlink(staged(i).path.c_str());
  return {};
}

Result<void> FileSink::put_together() {
  if (state_.parts.empty()) {
    // A table without rows has its columns all the same.
    PartFormat format = format_;
    format.staged = false;
    TRY(PartWriter empty, PartWriter::begin(*schema_.get(), format, place_, s3_));
    TRY(std::int64_t bytes, empty.commit());
    static_cast<void>(bytes);
    return {};
  }
  TRY(bool done, linked());
  if (done) return {};
  TRY(OutputFile out, OutputFile::create(place_, s3_));
  TRY_VOID(format_.kind.format == FileFormat::kParquet ? encode(out) : join(out));
  TRY(std::int64_t bytes, out.commit());
  static_cast<void>(bytes);
  return {};
}

Result<void> FileSink::encode(OutputFile& out) const {
  // Rows, answers and connections are gone by now. Given back, their memory is not held beside the encoder's.
  ::malloc_trim(0);
  TRY(auto columns, schema_of(*schema_.get(), place_));
  TRY(ParquetWriter writer, ParquetWriter::make(columns, format_.parquet, out.stream(), place_));
  for (std::size_t i = 0; i < state_.parts.size(); ++i) {
    auto write = [&](const std::shared_ptr<arrow::RecordBatch>& batch) { return writer.write(batch); };
    TRY_VOID(read_staged(staged(i), write));
  }
  return writer.close();
}

Result<void> FileSink::join(OutputFile& out) const {
  auto write = [&](std::string_view bytes) {
    return checked(out.stream()->Write(bytes.data(), static_cast<std::int64_t>(bytes.size())), place_,
                   "write");
  };
  for (std::size_t i = 0; i < state_.parts.size(); ++i) TRY_VOID(pour(staged(i).path, write));
  if (format_.kind.format != FileFormat::kJson) return {};
  TRY(TextWriter end, TextWriter::make(*schema_.get(), FileFormat::kJson, format_.kind.compression,
                                       {false, true}, out.stream(), place_));
  return end.close();
}

// A table of one piece on the same disk is there already; it only has to get its name.
Result<bool> FileSink::linked() const {
  bool one_piece = state_.parts.size() == 1 &&
                   (format_.kind.format == FileFormat::kCsv || format_.kind.format == FileFormat::kNdjson);
  if (!one_piece || place_.s3) return false;
  std::string beside = place_.path + ".part";
  ::unlink(beside.c_str());
  if (::link(staged(0).path.c_str(), beside.c_str()) != 0) return false;
  if (std::rename(beside.c_str(), place_.path.c_str()) != 0) {
    return failure(disk_error(place_.path, "renaming onto", errno));
  }
  TRY_VOID(sync_folder(fs::path(place_.path).parent_path()));
  return true;
}

// Standard output: what no part has said yet, as the header of an empty table.
Result<void> FileSink::write_end() {
  bool nothing_yet = state_.parts.size() == first_part_;
  if (!nothing_yet && format_.kind.format != FileFormat::kJson) return {};
  PartFormat format = format_;
  format.ends = {nothing_yet, true};
  Place end = staged(state_.parts.size());
  TRY(PartWriter writer, PartWriter::begin(*schema_.get(), format, end, s3_));
  TRY(std::int64_t bytes, writer.commit());
  static_cast<void>(bytes);
  TRY_VOID(pour(end.path, print));
  ::unlink(end.path.c_str());
  return {};
}

void FileSink::abort() {
  part_.reset();
}

}  // namespace rowcall::files
