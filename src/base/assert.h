// SPDX-License-Identifier: Apache-2.0
// A bug ends the process at once, in every build: better to stop than to write a wrong table. What was
// answered before is durable, so the run can go on.
#pragma once

namespace rowcall {

/// Prints the broken claim and where it stands, then aborts. Never returns.
[[noreturn]] void claim_broken(const char* claim, const char* file, int line, const char* note);

}  // namespace rowcall

/// States what must be true here; `note` says what it would mean if it were not.
#define ROWCALL_ASSERT(claim, note) \
  ((claim) ? static_cast<void>(0) : ::rowcall::claim_broken(#claim, __FILE__, __LINE__, note))
