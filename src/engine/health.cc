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
  if (!first_call_marked_) co_await mark_first_call();
  Pass pass = co_await gate_.enter(/*retry=*/false);
  if (pass.kind == Pass::Kind::kStopped) {
    asking_health_ = false;
    co_return;
  }
  bool permit_taken = pass.kind == Pass::Kind::kGo;
  CallEnd end;
  end.attempts = 1;
  if (!permit_taken) {
    end.reply = std::move(*pass.failure);
  } else {
    ++counts_.calls;
    OnSent on_sent = [this, &pass](Instant at) {
      gate_.sent(pass, at);
      note_sent(at, 1);
    };
    end.reply = co_await transport_->send(pass.line, *prepared_.health, std::move(on_sent));
  }
  end.outcome = policies_.classifier.judge(end.reply);
  bool well = end.outcome == OutcomeClass::kSuccess;
  if (!well) end.message = policy::why(end.reply);
  gate_.left(pass, end.reply, end.outcome, std::nullopt);
  note_attempt(end, -1, 0, 1, permit_taken, calls_);
  if (end.reply.error != TransportError::kCancelled)
    tell(HealthChecked{well, end.reply.status, end.reply.done_at - end.reply.sent_at, end.message});
  asking_health_ = false;
}

}  // namespace rowcall::engine
