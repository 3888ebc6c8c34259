// SPDX-License-Identifier: Apache-2.0
// Door: one request out, one reply back. No retry, no pacing, no judgement.
//
// A transport keeps lines: connections that are open and idle. A call takes a line first, and its permit
// only when it has one, so that a permit is never spent on opening a connection. Belongs to the loop
// thread of one run.
#pragma once

#include <functional>
#include <optional>

#include "rowcall/event.h"
#include "rowcall/outcome.h"
#include "rowcall/request.h"
#include "rowcall/time.h"

#include "loop/async.h"

namespace rowcall {

/// A connection that is ready to carry one request.
using Line = int;

/// How many lines there are, by what they do.
struct LineCounts {
  int idle = 0;
  int busy = 0;
  int dialing = 0;
  int open() const { return idle + busy + dialing; }
};

/// What a transport tells whoever waits for a line. Called from within the loop, never from within `take`,
/// `dial` or `close`.
struct LineEvents {
  std::function<void()> ready;             ///< A line has become idle, or there is room for a new one.
  std::function<void(Reply)> dial_failed;  ///< A line could not be opened; why.
  std::function<void(const ConnectionOpened&)> opened;
};

/// Told the moment the whole request has been handed to the kernel.
using OnSent = std::move_only_function<void(Instant)>;

class Transport {
 public:
  virtual ~Transport() = default;

  /// Takes an idle line out of the pool, or nothing if there is none. It must be used with `send` at once.
  virtual std::optional<Line> take() = 0;
  /// Asks for that many lines to be opened, as far as the cap allows; returns at once.
  virtual void dial(int wanted) = 0;
  /// Sends and waits for the whole reply. The line returns to the pool, or is closed. Never fails: what
  /// goes wrong is in the reply.
  virtual Async<Reply> send(Line line, const Request& request, OnSent on_sent) = 0;
  /// Ends every call in flight with TransportError::kCancelled, and closes all lines.
  virtual void close() = 0;
  virtual LineCounts lines() const = 0;
};

}  // namespace rowcall
