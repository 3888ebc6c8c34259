// SPDX-License-Identifier: Apache-2.0
// `_manifest.json` of a folder of parts: what the table is, and what of it is done.
//
// Pure; any thread.
#pragma once

#include <arrow/type.h>

#include <string>

#include "rowcall/job.h"

#include "files/file_kind.h"
#include "files/sink_state.h"

namespace rowcall::files {

inline constexpr const char* kManifestName = "_manifest.json";
inline constexpr const char* kSuccessName = "_SUCCESS";
/// Where parts wait until they take the place of an older table.
inline constexpr const char* kNextFolder = "_next";

/// The manifest's text. `compression` is that of the values in Parquet files, else that of the files.
std::string manifest_text(const SinkState& state, const arrow::Schema& schema, const FileKind& kind,
                          Compression compression, bool complete);

}  // namespace rowcall::files
