// SPDX-License-Identifier: Apache-2.0
// Parts that a run has left in a folder, found by their notes when its run directory is lost.
//
// Belongs to one thread at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "engine/recovery.h"
#include "files/file_kind.h"
#include "files/folder.h"
#include "files/note_text.h"
#include "files/sink_state.h"
#include "ledger/ledger.h"

namespace rowcall::files {

/// Format and compression that a sink of this kind has.
Result<FileKind> sink_kind(const SinkSpec& spec);

struct FoundParts {
  RunNote run;
  bool complete = false;      ///< The table is whole.
  ledger::RunState state;     ///< As a ledger would say it; `complete` only if no row is without an answer.
  engine::Recovery recovery;  ///< Has the failed rows.
  SinkState sink;
  Folder table;
  Folder parts;  ///< The table's folder, or the one in it where parts wait to replace another table.

  /// Makes the parts those of a new run directory: the sink will know them, and the other directory, if there
  /// is one still, will find that they are no longer its own.
  Result<void> take_over(const std::filesystem::path& staging);
};

/// What the folder of `spec` holds; nothing when there are no notes, or when it is no folder. Fails with
/// kChanged when a part is not what its note says.
Result<std::optional<FoundParts>> find_parts(const SinkSpec& spec, const S3Spec& s3);

}  // namespace rowcall::files
