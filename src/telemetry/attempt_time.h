// SPDX-License-Identifier: Apache-2.0
// When an attempt was sent and how long it took, also when it broke off half-way.
#pragma once

#include "rowcall/outcome.h"
#include "rowcall/time.h"

namespace rowcall::telemetry {

/// A request that broke off while it was written has no moment of complete sending; its end comes closest.
inline Instant sent_at(const Reply& reply) {
  return reply.sent_at == Instant{} ? reply.done_at : reply.sent_at;
}

/// From the complete sending to the end; zero for an attempt that was never on the wire.
inline Duration time_taken(const Reply& reply) {
  return reply.on_wire ? reply.done_at - sent_at(reply) : Duration{};
}

}  // namespace rowcall::telemetry
