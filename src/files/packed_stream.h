// SPDX-License-Identifier: Apache-2.0
// A stream that compresses what is written to it.
//
// Belongs to one thread at a time.
#pragma once

#include <arrow/io/interfaces.h>

#include <memory>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "files/storage.h"

namespace rowcall::files {

/// Writes to `out` with kGzip or kZstd. Its `Close` writes the end of the compressed stream and leaves `out`
/// open, for its owner to commit; it must be closed or aborted before `out` is.
Result<std::shared_ptr<arrow::io::OutputStream>> packed(std::shared_ptr<arrow::io::OutputStream> out,
                                                        Compression compression, const Place& place);

}  // namespace rowcall::files
