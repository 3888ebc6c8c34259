// SPDX-License-Identifier: Apache-2.0
// Asking the health URL during a run: an attempt like any other, with a permit and on a line of the pool, but
// for no row.
#include <utility>

#include "engine/run_state.h"
#include "policy/classify.h"

namespace rowcall::engine {

void Run::ask_health_when_due(Instant now) {
  Duration every = job_.request.health_every;
  if (!prepared_.health || asking_health_ || gate_.stopping() || now - health_asked_ < every) return;
  health_asked_ = now;
  asking_health_ = true;
  spawn(ask_health());
}

Async<void> Run::ask_health() {
  Pass pass = co_await gate_.enter(/*retry=*/false);
  if (pass.kind == Pass::Kind::kStopped) {
    asking_health_ = false;
    co_return;
  }
  bool permit_taken = pass.kind == Pass::Kind::kGo;
  Reply reply = std::move(pass.failure);
  if (permit_taken) {
    ++counts_.calls;
    OnSent on_sent = [this, &pass](Instant at) {
      gate_.sent(pass, at);
      calls_.note_sent(at, 1);
    };
    reply = co_await transport_->send(pass.line, *prepared_.health, std::move(on_sent));
  }
  OutcomeClass outcome = policies_.classifier.judge(reply);
  bool well = outcome == OutcomeClass::kSuccess;
  std::string why = well ? "" : policy::why(reply);
  gate_.left(pass, reply, outcome, std::nullopt);
  if (permit_taken) {
    ++counts_.attempts;
    ++counts_[outcome];
    counts_.bytes_out += reply.bytes_out;
    counts_.bytes_in += reply.bytes_in;
  }
  tell(AttemptEnded{-1, 0, 1, outcome, reply, why});
  if (reply.error != TransportError::kCancelled)
    tell(HealthChecked{well, reply.status, reply.done_at - reply.sent_at, why});
  asking_health_ = false;
}

}  // namespace rowcall::engine
