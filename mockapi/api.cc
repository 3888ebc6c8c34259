// SPDX-License-Identifier: Apache-2.0
#include "mockapi/api.h"

#include <algorithm>

#include "mockapi/digest.h"
#include "mockapi/notation.h"
#include "mockapi/script.h"

namespace rowcall::mockapi {
namespace {

// Stamps of the kernel come per connection; within one round of the event loop they are not in order.
constexpr Duration kKernelStampDisorder = 100ms;

Auditor auditor_for(const MockOptions& options) {
  return Auditor(options.behaviour.limits, options.audit,
                 options.stamp == Stamp::kKernel ? kKernelStampDisorder : Duration::zero());
}

}  // namespace

Api::Api(const MockOptions& options, const Moment& started)
    : options_(options),
      started_(started),
      expected_authorization_(options.token.empty() ? "" : "Bearer " + options.token),
      judge_(options.behaviour, options.seed),
      played_(options.behaviour),
      calls_file_(options.calls_file.empty() ? nullptr : std::fopen(options.calls_file.c_str(), "w"),
                  &std::fclose),
      auditor_(auditor_for(options)),
      rows_book_(options.rows_max) {
  begin_script();
  if (calls_file_) std::fputs("at_s,status,wait_ms\n", calls_file_.get());
}

// Outages are known from the start: connections are reset when one begins, call or no call.
void Api::begin_script() {
  played_ = options_.behaviour;
  steps_played_ = 0;
  first_.reset();
  for (const ScriptStep& step : options_.script) {
    if (step.what == ScriptStep::What::kOutage) apply(step, played_);
  }
  judge_.change(played_);
}

void Api::play(Instant at) {
  if (!first_) first_ = at;
  bool changed = false;
  for (; steps_played_ < options_.script.size(); ++steps_played_) {
    const ScriptStep& step = options_.script[steps_played_];
    if (at - *first_ < step.at) break;
    if (step.what == ScriptStep::What::kOutage) continue;
    apply(step, played_);
    changed = true;
  }
  // What is audited stays what it was: the script is about the API, not about what its caller was granted.
  if (changed) judge_.change(played_);
}

void Api::log_call(const Decision& decision, Instant at) {
  if (!calls_file_) return;
  std::fprintf(calls_file_.get(), "%.6f,%d,%.3f\n", seconds(at - *first_), decision.status,
               seconds(decision.wait) * 1e3);
}

void Api::reset(Traffic& traffic) {
  judge_ = Judge(options_.behaviour, options_.seed);
  begin_script();
  auditor_ = auditor_for(options_);
  rows_book_ = RowBook(options_.rows_max);
  by_status_.fill(0);
  resets_ = hangs_ = outage_calls_ = calls_with_key_ = key_violations_ = 0;
  injected_.clear();
  traffic = {traffic.in_flight, traffic.in_flight, traffic.connections_open, traffic.connections_open, 0};
}

void Api::change(const Behaviour& behaviour) {
  options_.behaviour = played_ = behaviour;
  judge_.change(behaviour);
  auditor_.enforce(behaviour.limits);
}

Answer Api::take(const Call& call, Instant at, Traffic& traffic) {
  std::string_view path = std::string_view(call.target).substr(0, call.target.find('?'));
  if (path == "/health" || path == "/stats" || path == "/reset") return operate(call, path, at, traffic);
  return score(call, at);
}

Answer Api::operate(const Call& call, std::string_view path, Instant at, Traffic& traffic) {
  int status = 200;
  json_.clear();
  if (path == "/reset" ? call.method != "POST" : call.method != "GET" && call.method != "HEAD") {
    status = 405;
    json_ = "{\"error\":\"method_not_allowed\",\"reason\":\"GET /health, GET /stats, POST /reset\"}";
  } else if (path == "/health") {
    status = judge_.down(at) ? 503 : 200;
    json_ = status == 200 ? "{\"status\":\"ok\"}" : "{\"status\":\"down\"}";
  } else if (path == "/stats") {
    json_ = stats_json(stats(traffic));
  } else {
    reset(traffic);
    json_ = "{\"status\":\"reset\"}";
  }
  Answer answer;
  answer.due = at;
  answer.close = !call.keep_alive;
  append_response(answer.bytes, head_for(call, status, at), json_);
  return answer;
}

Answer Api::score(const Call& call, Instant at) {
  auditor_.arrived(at);
  // What is asked of a call without a body is its path and query.
  find_rows(call.body.empty() ? std::string_view(call.target) : std::string_view(call.body), rows_);
  const Seen seen = enter_rows(call);
  CallFacts facts;
  facts.identity = seen.identity;
  facts.earlier = seen.earlier;
  facts.authorized = expected_authorization_.empty() || call.authorization == expected_authorization_;
  facts.readable = !call.json || call.body.empty() || rows_.kind != CallRows::Kind::kOther;
  facts.refuse = std::ranges::any_of(rows_.rows, &CallRow::refuse);
  facts.several = rows_.kind == CallRows::Kind::kArray && !rows_.rows.empty();
  if (!options_.script.empty() || calls_file_) play(at);
  const Decision decision = judge_.decide(facts, at);
  log_call(decision, at);
  count(decision, seen.identity);

  Answer answer;
  answer.counted = true;
  answer.due = at + decision.wait;
  answer.close = !call.keep_alive;
  if (decision.effect == Effect::kReset) answer.way = Answer::Way::kReset;
  if (decision.effect == Effect::kHang) answer.way = Answer::Way::kHang;
  if (answer.way != Answer::Way::kSend) return answer;
  json_.clear();
  if (decision.effect == Effect::kStatus) {
    append_refusal(json_, decision);
  } else {
    append_answer(json_, rows_, decision.effect);
  }
  answer.bytes.reserve(json_.size() + 192);
  append_response(answer.bytes, head_for(call, decision.status, at), json_);
  return answer;
}

Api::Seen Api::enter_rows(const Call& call) {
  const bool keyed = !call.idempotency_key.empty();
  const std::uint64_t content = digest(call.body, joined(digest(call.method), digest(call.target)));
  const std::uint64_t identity = keyed ? digest(call.idempotency_key, 1) : content;
  if (keyed) ++calls_with_key_;
  RowBook::Before first{};
  // An array without rows is still a call that may come twice.
  const std::size_t rows = std::max<std::size_t>(rows_.rows.size(), 1);
  for (std::size_t i = 0; i < rows; ++i) {
    RowBook::Before before = rows_book_.arrived(row_hash(identity, i), content);
    if (i == 0) first = before;
  }
  if (keyed && first.other_body) ++key_violations_;
  return {identity, first.arrivals};
}

std::uint64_t Api::row_hash(std::uint64_t identity, std::size_t index) const {
  return rows_.kind == CallRows::Kind::kArray ? joined(identity, index) : identity;
}

void Api::count(const Decision& decision, std::uint64_t identity) {
  if (decision.reason == Reason::kInjected) {
    ++injected_[name_of(judge_.behaviour().faults[static_cast<std::size_t>(decision.fault)])];
  }
  if (decision.reason == Reason::kOutage) {
    ++outage_calls_;
  } else if (decision.effect == Effect::kReset) {
    ++resets_;
  } else if (decision.effect == Effect::kHang) {
    ++hangs_;
  } else {
    ++by_status_[static_cast<std::size_t>(decision.status)];
  }
  if (decision.effect != Effect::kAnswer) return;
  for (std::size_t i = 0; i < rows_.rows.size(); ++i) rows_book_.answered(row_hash(identity, i));
}

Head Api::head_for(const Call& call, int status, Instant now) {
  const std::int64_t unix_s = since_1970(now) / 1s;
  if (unix_s != date_unix_s_) {
    date_unix_s_ = unix_s;
    date_ = http_date(unix_s);
  }
  Head head;
  head.status = status;
  head.keep_alive = call.keep_alive;
  head.http_1_0 = call.http_1_0;
  head.without_body = call.method == "HEAD";
  if (status == judge_.behaviour().limit_status) head.retry_after = judge_.behaviour().retry_after;
  head.date = date_;
  return head;
}

std::string Api::complaint(int status, std::string_view reason, Instant now) {
  Call call;
  call.keep_alive = false;
  std::string body = "{\"error\":\"bad_request\",\"reason\":\"" + std::string(reason) + "\"}";
  std::string out;
  append_response(out, head_for(call, status, now), body);
  return out;
}

Stats Api::stats(const Traffic& traffic) {
  Stats stats;
  stats.findings = auditor_.findings();
  if (stats.findings.arrivals > 0) {
    stats.first_arrival_unix_s = seconds(since_1970(stats.findings.first));
    stats.last_arrival_unix_s = seconds(since_1970(stats.findings.last));
  }
  auto say = [&](const std::string& name, std::int64_t calls) {
    if (calls > 0) stats.by_status[name] = calls;
  };
  for (std::size_t status = 0; status < by_status_.size(); ++status)
    say(std::to_string(status), by_status_[status]);
  say("reset", resets_);
  say("timeout", hangs_);
  say("outage", outage_calls_);
  stats.errors_injected = injected_;
  stats.rows = rows_book_.counts();
  stats.calls_with_key = calls_with_key_;
  stats.key_violations = key_violations_;
  stats.traffic = traffic;
  return stats;
}

}  // namespace rowcall::mockapi
