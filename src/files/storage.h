// SPDX-License-Identifier: Apache-2.0
// Where files are: the local disk or an object store, under one kind of name.
//
// Any thread. S3 is started by the first place that needs it, and shut down by `FileLayer`.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "rowcall/error.h"
#include "rowcall/job.h"

namespace arrow {
class Status;
namespace fs {
class FileSystem;
}  // namespace fs
}  // namespace arrow

namespace rowcall::files {

/// A file or folder, as the user wrote it and as a file system knows it.
struct Place {
  bool s3 = false;
  std::string path;   ///< Local: the path, as it was written. S3: "BUCKET/KEY".
  std::string shown;  ///< As the user would write it; for error texts and reports.
};

/// Reads "path/to/file", "file:///..." or "s3://BUCKET/KEY". Another scheme is an error that says which there
/// are.
Result<Place> place_of(std::string_view text);

/// The file system that `place` is on. The same one is given out again for equal settings.
Result<std::shared_ptr<arrow::fs::FileSystem>> file_system(const Place& place, const S3Spec& s3);

/// Makes an `Error` of what Arrow said about `place` while `doing` ("open", "read", "write"): not found,
/// denied, unreachable, disk full and the others told apart as far as they can be, with a hint how to mend
/// it.
Error storage_error(const arrow::Status& status, const Place& place, std::string_view doing);

}  // namespace rowcall::files
