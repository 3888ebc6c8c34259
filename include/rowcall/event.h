// SPDX-License-Identifier: Apache-2.0
// What the engine tells while it works. Logs, progress, metrics and reports are made from this alone.
//
// The engine calls the listener on its loop thread, between two steps of the run: a listener must be
// quick (microseconds) and must not call back into the engine. References inside an event are valid only
// during the call. No event carries a secret.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "rowcall/error.h"
#include "rowcall/outcome.h"
#include "rowcall/report.h"
#include "rowcall/table.h"
#include "rowcall/time.h"

namespace rowcall {

struct Job;

/// What has come for one response column so far.
struct AnswerColumn {
  std::string_view name;
  std::int64_t values = 0;  ///< Rows that were answered, nulls among them.
  std::int64_t nulls = 0;
};

/// The source is open and the first call is about to be made.
struct RunStarted {
  const Job& job;
  const SourceInfo& source;
  Instant at;
  std::span<const AnswerColumn> columns;  ///< Those of `Tick::columns`.
};

/// One attempt is over. The most frequent event: one for every permit taken, and for attempts that
/// failed before anything was sent (`on_wire` of the reply is false).
struct AttemptEnded {
  std::int64_t row;  ///< First row of the call, numbered over the whole source from 0; -1: a health check.
  int rows;          ///< Rows in the call; 0: a health check.
  int attempt;       ///< From 1.
  OutcomeClass outcome;
  const Reply& reply;
  std::string_view message;  ///< For everything but success: why, without secrets.
  std::int64_t weight = 1;   ///< What it counted as against the limits.
};

/// A connection to the API was opened.
struct ConnectionOpened {
  Duration resolve{};  ///< Zero: the addresses were known already.
  Duration connect{};
  Duration handshake{};  ///< Zero without TLS.
  std::string_view address;
  std::optional<double> certificate_days;  ///< Until the server's certificate ends.
  /// Not empty: the name resolves to other addresses than before; which.
  std::string_view moved;
};

/// The health URL was asked (request.health_every). AttemptEnded was told before: it took a permit.
struct HealthChecked {
  bool well;
  int status;  ///< 0: no answer.
  Duration took;
  std::string_view message;  ///< When not well: why.
};

/// A call will be tried again.
struct RetryPlanned {
  std::int64_t row;
  int attempt;  ///< The attempt that is over.
  OutcomeClass outcome;
  Duration wait;
};

/// Rows ended as failed. One event a call.
struct RowsFailed {
  std::int64_t row;
  int rows;
  std::string_view error_class;
  std::string_view message;
};

/// A record of the source could not be read.
struct RowUnreadable {
  const UnreadableRow& row;
  std::string_view file;
};

/// Nothing is sent for a while (breaker open, Retry-After for everyone), or sending goes on again.
struct HoldChanged {
  bool held;
  std::string_view why;
  Instant until;  ///< When held: the earliest next probe.
};

/// The adaptive control has moved. At most one in 50 ms: the last of several moves.
struct PaceChanged {
  double per_s;       ///< Calls a second from now on; infinity: no pace but the limits'.
  int in_flight_max;  ///< Calls that may be in flight.
  std::string_view why;
};

/// A batch has been read, or a part has been published.
struct BatchRead {
  std::int64_t rows;
  Duration took;
};
struct PartPublished {
  const PartInfo& part;
  Duration took;
};

/// Answers have been made durable: a group of all that had come since the last time.
struct LedgerSynced {
  Duration took;
};

/// Something the user should know, which does not end the run.
struct Warning {
  std::string_view text;
};

/// The state of the run, every 100 ms and once at the end.
struct Tick {
  Instant at;
  Instant started_at;
  const Counts& counts;
  std::int64_t rows_expected;  ///< -1: not known.
  int in_flight;               ///< Calls on the wire.
  int waiting;                 ///< Calls waiting for a permit or a connection.
  int sleeping;                ///< Calls waiting for their next attempt.
  int connections;
  std::int64_t rows_held;
  std::int64_t bytes_held;
  bool held;
  Instant held_until;
  std::string_view held_why;
  bool stopping;
  double pace_per_s = 0;  ///< What the adaptive control allows; 0: as much as the limits do.
  int in_flight_max = 0;  ///< Calls that may be in flight; 0: not known.
  Instant held_since{};   ///< When held.
  int batches_ahead = 0;  ///< Read, and waiting for room in the window.
  std::span<const AnswerColumn> columns;
};

/// The run is over. The report is final.
struct RunEnded {
  const Report& report;
};

using Event = std::variant<RunStarted, AttemptEnded, RetryPlanned, RowsFailed, RowUnreadable, HoldChanged,
                           PaceChanged, BatchRead, PartPublished, LedgerSynced, ConnectionOpened,
                           HealthChecked, Warning, Tick, RunEnded>;
using Listener = std::function<void(const Event&)>;

}  // namespace rowcall
