// SPDX-License-Identifier: Apache-2.0
// What a folder of parts says of itself, as text: whose run wrote it, and how far the run was after each
// part.
//
// JSON of one line, and a second line with its CRC-32. docs/outputs.md describes the members. Pure; any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rowcall/error.h"
#include "rowcall/journal.h"

#include "ledger/identity.h"

namespace rowcall::files {

/// `_rowcall/run.json`
struct RunNote {
  ledger::Identity identity;
  std::string owner;          ///< Names the run directory that writes the parts.
  std::optional<Commit> end;  ///< Set when all parts are there; its `unanswered` come behind the last part.
};

std::string text_of(const RunNote& note);
Result<RunNote> run_note_of(std::string_view text, const std::string& place);

/// `_rowcall/part-00007.json`
std::string text_of(const Commit& commit);
Result<Commit> commit_of(std::string_view text, const std::string& place);

}  // namespace rowcall::files
