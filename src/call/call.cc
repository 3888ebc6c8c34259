// SPDX-License-Identifier: Apache-2.0
#include "call/call.h"

#include <optional>
#include <utility>

#include "policy/retry_after.h"

namespace rowcall {
namespace {

// What the server asks us to wait, if the outcome is one that waits.
std::optional<Duration> asked_to_wait(const Reply& reply, OutcomeClass outcome, Duration cap) {
  if (outcome != OutcomeClass::kThrottled && outcome != OutcomeClass::kTransient) return std::nullopt;
  if (reply.retry_after.empty()) return std::nullopt;
  return policy::retry_after(reply.retry_after, reply.date, cap);
}

// Status and transport error first; then, on a success, what the body says.
OutcomeClass judge(Reply& reply, CallContext& context, std::string& message) {
  OutcomeClass outcome = context.policies->classifier.judge(reply);
  // A name that has never resolved is a wrong name, not a passing trouble.
  if (reply.error == TransportError::kResolve && context.counts->bytes_in == 0)
    outcome = OutcomeClass::kFatal;
  if (outcome == OutcomeClass::kSuccess) {
    if (auto ruled = context.answers->judge(reply.body, message)) outcome = *ruled;
  } else {
    message = policy::why(reply);
  }
  return outcome;
}

std::string class_of(OutcomeClass outcome, bool unknown_fate) {
  return unknown_fate ? "unknown_fate" : name_of(outcome);
}

}  // namespace

void note_attempt(const CallEnd& end, std::int64_t row, int rows, std::int64_t weight, bool permit_taken,
                  CallContext& context) {
  Counts& counts = *context.counts;
  if (permit_taken) {
    ++counts.attempts;
    ++counts[end.outcome];
    counts.bytes_out += end.reply.bytes_out;
    counts.bytes_in += end.reply.bytes_in;
  }
  if (*context.listener) {
    (*context.listener)(AttemptEnded{row, rows, end.attempts, end.outcome, end.reply, end.message, weight});
  }
}

Async<CallEnd> make_call(const Request& request, std::int64_t row, int rows, CallContext& context) {
  Gate& gate = *context.gate;
  CallEnd end;
  policy::Trouble trouble;
  trouble.tries = 0;
  Instant begun = context.clock->now();
  Duration held_before = gate.held_for(begun);
  context.policies->retry.first_attempt(begun);

  for (;;) {
    // A permit for every attempt, never one for a row.
    Pass pass = co_await gate.enter(/*retry=*/end.attempts > 0, request.weight);
    if (pass.kind == Pass::Kind::kStopped) {
      end.stopped = true;
      co_return end;
    }
    bool permit_taken = pass.kind == Pass::Kind::kGo;
    if (permit_taken) {
      OnSent on_sent = [&context, &pass, &request](Instant at) {
        context.gate->sent(pass, at);
        context.note_sent(at, request.weight);
      };
      if (end.attempts == 0) ++context.counts->calls;
      end.reply = co_await context.transport->send(pass.line, request, std::move(on_sent));
    } else {
      end.reply = std::move(*pass.failure);
    }

    ++end.attempts;
    end.message.clear();
    end.outcome = judge(end.reply, context, end.message);
    auto wait_asked = asked_to_wait(end.reply, end.outcome, context.policies->retry_after_max);
    gate.left(pass, end.reply, end.outcome, wait_asked);
    note_attempt(end, row, rows, request.weight, permit_taken, context);
    if (end.reply.error == TransportError::kCancelled) {
      end.stopped = true;
      co_return end;
    }

    Instant now = context.clock->now();
    if (end.outcome == OutcomeClass::kSuccess && end.attempts > 1) context.policies->retry.succeeded(now);
    bool unknown_fate = policy::fate_unknown(end.reply);
    trouble.outcome = end.outcome;
    trouble.attempt = end.attempts;
    // A probe was sent for the run's sake: its failure brings the row no nearer to failing.
    trouble.tries += end.outcome != OutcomeClass::kThrottled && !pass.probe ? 1 : 0;
    trouble.spent = now - begun - (gate.held_for(now) - held_before);
    trouble.retry_after = wait_asked;
    trouble.repeatable = context.repeatable || !unknown_fate;
    auto wait = context.policies->retry.again(trouble, now);
    if (!wait) {
      end.error_class = class_of(end.outcome, unknown_fate && !context.repeatable);
      co_return end;
    }
    ++context.counts->retries;
    if (*context.listener) (*context.listener)(RetryPlanned{row, end.attempts, end.outcome, *wait});
    co_await gate.rest(now + *wait);
  }
}

}  // namespace rowcall
