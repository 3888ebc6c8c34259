// SPDX-License-Identifier: Apache-2.0
// What a run came to: counts that must add up, and what it cost.
//
// Plain data; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/outcome.h"
#include "rowcall/table.h"
#include "rowcall/time.h"

namespace rowcall {

/// Rows by ending, attempts by outcome. Grows during a run; the engine's loop thread owns it.
struct Counts {
  std::int64_t rows = 0;                                 ///< Records read from the source.
  std::array<std::int64_t, kEndings> endings{};          ///< By Ending.
  std::int64_t calls = 0;                                ///< Calls that took at least one permit.
  std::int64_t attempts = 0;                             ///< Permits taken: every try on the wire.
  std::array<std::int64_t, kOutcomeClasses> outcomes{};  ///< Attempts by OutcomeClass.
  std::int64_t retries = 0;                              ///< Attempts beyond a call's first.
  std::int64_t bytes_out = 0;
  std::int64_t bytes_in = 0;

  std::int64_t& operator[](Ending e) { return endings[static_cast<std::size_t>(e)]; }
  std::int64_t operator[](Ending e) const { return endings[static_cast<std::size_t>(e)]; }
  std::int64_t& operator[](OutcomeClass c) { return outcomes[static_cast<std::size_t>(c)]; }
  std::int64_t operator[](OutcomeClass c) const { return outcomes[static_cast<std::size_t>(c)]; }

  /// Rows that have an ending.
  std::int64_t ended() const {
    std::int64_t sum = 0;
    for (std::int64_t n : endings) sum += n;
    return sum;
  }
};

enum class RunEnd {
  kComplete,  ///< Every row of the source has an ending other than skipped.
  kStopped,   ///< A stop or a cap came first; the run can go on.
  kFailed,    ///< An error ended the run; `error` says which.
};

const char* name_of(RunEnd e);  ///< "complete", "stopped", "failed".

/// The most calls found in any window of one limit's period.
struct WorstWindow {
  std::int64_t calls = 0;  ///< Sent in the worst window.
  std::int64_t limit = 0;  ///< Allowed.
  Duration period{};
};

/// What a run came to.
struct Report {
  RunEnd end = RunEnd::kComplete;
  Error error;  ///< Why, for kStopped and kFailed; else empty.
  Counts counts;
  Duration duration{};             ///< From the start of the run to its end.
  Duration sending{};              ///< From the first send to the last.
  std::vector<WorstWindow> worst;  ///< One for each limit, sender side.
  std::vector<PartInfo> parts;     ///< Published by this run.
  PartInfo failures;               ///< The failure table; no path when there is none.
  /// Of a stopped run that cannot be gone on with (no Host::commit): the numbers of the rows that were read
  /// and have neither an answer nor a failure, ascending where the order is kept.
  std::vector<std::int64_t> left_out;
};

}  // namespace rowcall
