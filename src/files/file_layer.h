// SPDX-License-Identifier: Apache-2.0
// What `FileLayer` starts and shuts down: S3's library, and the file systems given out.
#pragma once

#include <arrow/status.h>

namespace rowcall::files {

/// Starts S3's library, once. Any thread, under the lock of `file_system`.
arrow::Status start_s3();

/// Lets go of every file system that `file_system` has given out. Defined beside it, in storage.cc.
void forget_file_systems();

}  // namespace rowcall::files
