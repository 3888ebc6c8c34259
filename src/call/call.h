// SPDX-License-Identifier: Apache-2.0
// The life of one call, from its first attempt to its last.
#pragma once

#include <functional>
#include <string>

#include "rowcall/event.h"
#include "rowcall/report.h"
#include "rowcall/request.h"

#include "call/gate.h"
#include "call/policies.h"
#include "http/transport.h"
#include "loop/clock.h"
#include "mapping/answer_mapper.h"

namespace rowcall {

/// What all calls of a run share. Owned by the run; belongs to its loop thread.
struct CallContext {
  Clock* clock;
  Transport* transport;
  Gate* gate;
  Policies* policies;
  mapping::AnswerMapper* answers;
  Counts* counts;
  const Listener* listener;
  /// Told of every send and what it weighs, in order of time.
  std::function<void(Instant, std::int64_t)> note_sent;
  bool repeatable;  ///< A call of unknown fate may be sent again.
};

/// How a call ended.
struct CallEnd {
  OutcomeClass outcome = OutcomeClass::kTransient;
  bool stopped = false;  ///< The run was stopping: the rows are skipped, not failed.
  Reply reply;           ///< Of the last attempt.
  int attempts = 0;
  std::string error_class;  ///< For failures: "permanent", "transient", "unknown_fate", ...
  std::string message;      ///< Why it did not succeed.
};

/// Makes a call: permit, send, judge, and again if that is worth it. `row` and `rows` name it in events.
/// Never fails; what went wrong is in the result. `request` must live until the end.
Async<CallEnd> make_call(const Request& request, std::int64_t row, int rows, CallContext& context);

/// Counts an attempt that is over, if it had a permit, and tells of it. `make_call` does it for its own; an
/// attempt for no row has `row` -1 and `rows` 0.
void note_attempt(const CallEnd& end, std::int64_t row, int rows, std::int64_t weight, bool permit_taken,
                  CallContext& context);

}  // namespace rowcall
