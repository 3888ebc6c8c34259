// SPDX-License-Identifier: Apache-2.0
#include "files/output_file.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/file.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/disk.h"
#include "base/try.h"
#include "files/checked.h"

namespace rowcall::files {
namespace {

// What tells an object from the one that takes its place; "" where there is none.
std::string look_of(const arrow::fs::FileInfo& object) {
  if (!object.IsFile()) return "";
  return std::to_string(object.size()) + " " + std::to_string(object.mtime().time_since_epoch().count());
}

}  // namespace

Result<OutputFile> OutputFile::create(Place place, const S3Spec& s3) {
  OutputFile file;
  file.place_ = std::move(place);
  if (file.place_.s3) {
    TRY(auto store, file_system(file.place_, s3));
    TRY(file.stream_, checked(store->OpenOutputStream(file.place_.path, nullptr), file.place_, "write"));
    TRY(arrow::fs::FileInfo before, checked(store->GetFileInfo(file.place_.path), file.place_, "write"));
    file.store_ = std::move(store);
    file.before_ = look_of(before);
    return file;
  }
  std::filesystem::path path(file.place_.path);
  if (path.has_parent_path()) TRY_VOID(make_folder(path.parent_path()));
  file.beside_ = file.place_.path + ".part";
  file.fd_ = ::open(file.beside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file.fd_ < 0) return failure(disk_error(file.beside_, "creating", errno));
  auto opened = arrow::io::FileOutputStream::Open(file.fd_);
  if (!opened.ok()) {
    ::close(file.fd_);
    ::unlink(file.beside_.c_str());
    return failure(storage_error(opened.status(), file.place_, "write"));
  }
  file.stream_ = *std::move(opened);
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : place_(std::move(other.place_)),
      beside_(std::move(other.beside_)),
      fd_(std::exchange(other.fd_, -1)),
      stream_(std::exchange(other.stream_, nullptr)),
      store_(std::move(other.store_)),
      before_(std::move(other.before_)) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  if (this != &other) {
    abort();
    place_ = std::move(other.place_);
    beside_ = std::move(other.beside_);
    fd_ = std::exchange(other.fd_, -1);
    stream_ = std::exchange(other.stream_, nullptr);
    store_ = std::move(other.store_);
    before_ = std::move(other.before_);
  }
  return *this;
}

OutputFile::~OutputFile() {
  abort();
}

// Synced before it is closed, since closing gives the descriptor back.
Result<void> OutputFile::commit_locally() {
  if (::fsync(fd_) != 0) return failure(disk_error(beside_, "syncing", errno));
  TRY_VOID(checked(stream_->Close(), place_, "write"));
  if (std::rename(beside_.c_str(), place_.path.c_str()) != 0) {
    return failure(disk_error(place_.path, "renaming onto", errno));
  }
  stream_.reset();
  return sync_folder(std::filesystem::path(place_.path).parent_path());
}

Result<std::int64_t> OutputFile::commit() {
  TRY(std::int64_t bytes, checked(stream_->Tell(), place_, "write"));
  if (!place_.s3) {
    TRY_VOID(commit_locally());
    return bytes;
  }
  arrow::Status closed = stream_->Close();
  if (!closed.ok() && !has_appeared(bytes)) return failure(storage_error(closed, place_, "write"));
  stream_.reset();
  return bytes;
}

// The store may have completed the upload, and its answer was lost: asked again, it knows of no such upload.
bool OutputFile::has_appeared(std::int64_t bytes) const {
  auto now = store_->GetFileInfo(place_.path);
  if (!now.ok() || !now->IsFile() || now->size() != bytes) return false;
  // What was there before does not count; within a second the two may look alike, and then neither does this.
  return look_of(*now) != before_;
}

// A stream of S3 that is destroyed completes its upload: half an object would appear.
void OutputFile::abort() {
  if (!stream_) return;
  static_cast<void>(stream_->Abort());
  stream_.reset();
  if (!place_.s3) ::unlink(beside_.c_str());
}

}  // namespace rowcall::files
