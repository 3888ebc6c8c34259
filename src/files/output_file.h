// SPDX-License-Identifier: Apache-2.0
// One file under way, which is seen whole or not at all.
//
// On the local disk it is written beside its place, with ".part" behind the name, and put there by a rename.
// In S3 it is an upload under its final key, of which nothing can be seen until it is committed. An
// OutputFile that goes away without `commit` leaves nothing behind.
//
// Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "files/storage.h"

namespace arrow::fs {
class FileSystem;
}  // namespace arrow::fs
namespace arrow::io {
class OutputStream;
}  // namespace arrow::io

namespace rowcall::files {

class OutputFile {
 public:
  /// Begins the file; folders above it are made where they are missing.
  static Result<OutputFile> create(Place place, const S3Spec& s3);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  ~OutputFile();

  /// Where to write. The stream is not to be closed by the writer, nor used after `commit` or `abort`.
  const std::shared_ptr<arrow::io::OutputStream>& stream() const { return stream_; }
  const Place& place() const { return place_; }

  /// Makes the file durable and visible. Returns its size in bytes.
  Result<std::int64_t> commit();
  /// Drops it; harmless when it is committed or dropped already.
  void abort();

 private:
  OutputFile() = default;
  Result<void> commit_locally();
  bool has_appeared(std::int64_t bytes) const;

  Place place_;
  std::string beside_;  // local: where it is until then
  int fd_ = -1;         // local: the stream's own
  std::shared_ptr<arrow::io::OutputStream> stream_;
  std::shared_ptr<arrow::fs::FileSystem> store_;  // S3
  std::string before_;                            // S3: what is at the place until then
};

}  // namespace rowcall::files
