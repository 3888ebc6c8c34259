// SPDX-License-Identifier: Apache-2.0
// The bytes of one text file, unpacked, from some place on to the end.
//
// Local files and pipes are read with read(2), objects with a read-ahead of 4 MB. At the end the file must
// still be the one that was opened: an object replaced while it is read would otherwise be mixed in silence.
//
// Blocking. Belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "files/listing.h"

namespace rowcall::files {

class ByteStream {
 public:
  /// Opens `file` at `offset`, counted after unpacking. Packed files are unpacked up to there.
  static Result<ByteStream> open(const ListedFile& file, const S3Spec& s3, std::int64_t offset);
  ByteStream(ByteStream&&) noexcept;
  ByteStream& operator=(ByteStream&&) noexcept;
  ~ByteStream();

  /// Reads at least one and at most `size` bytes; 0 means the end. Broken or cut-off compression is an
  /// error, as is a file that has changed (kChanged).
  Result<std::size_t> read(char* into, std::size_t size);

  /// Bytes of the file itself taken so far: before unpacking, roughly.
  std::int64_t file_bytes() const;

 private:
  struct State;
  explicit ByteStream(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// The error for a file that is not what it was when it was listed or opened.
Error changed_error(const Place& place);

/// What tells this content of an object from another: its ETag. One request.
Result<std::string> etag_of(const Place& place, const S3Spec& s3);

/// When a local file was last modified, as `ListedFile::modified` says it; "" when it is gone.
std::string modified_text(const std::string& path);

}  // namespace rowcall::files
