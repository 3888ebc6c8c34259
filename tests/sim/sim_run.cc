// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_run.h"

#include <boost/asio/io_context.hpp>

#include "engine/run_state.h"
#include "tests/sim/sim_clock.h"

namespace rowcall::sim {

Job basic_job() {
  Job job;
  job.request.url = "http://api.test/score";
  job.response.columns = {{"score", "/score", "int64", true}};
  job.limits.rate = {{1000, std::chrono::seconds(1)}};
  job.run.seed = 7;
  return job;
}

namespace {

Listener note_into(Outcome& outcome, SimClock& clock) {
  return [&outcome, &clock](const Event& event) {
    if (const auto* tick = std::get_if<Tick>(&event)) {
      ++outcome.ticks;
      outcome.rows_held_most = std::max(outcome.rows_held_most, tick->rows_held);
    } else if (const auto* hold = std::get_if<HoldChanged>(&event)) {
      outcome.holds.emplace_back(hold->held ? hold->why : "released");
    } else if (const auto* retry = std::get_if<RetryPlanned>(&event)) {
      if (retry->outcome == OutcomeClass::kTransient) outcome.retries_at.push_back(clock.now() + retry->wait);
    } else if (const auto* ended = std::get_if<AttemptEnded>(&event)) {
      bool ok = ended->outcome == OutcomeClass::kSuccess;
      if (ok && ended->attempt > 1) outcome.retries_ok_at.push_back(clock.now());
    } else if (const auto* move = std::get_if<PaceChanged>(&event)) {
      std::string text = std::to_string(move->per_s) + "/s, " + std::to_string(move->in_flight_max) + ": ";
      outcome.moves.emplace_back(clock.now() - outcome.begun, text.append(move->why));
    } else if (const auto* warning = std::get_if<Warning>(&event)) {
      outcome.warnings.emplace_back(warning->text);
    }
  };
}

}  // namespace

Outcome play(const Scenario& scenario) {
  Outcome outcome;
  boost::asio::io_context context(1);
  SimClock clock;
  MemorySource source(scenario.source);
  MemorySink sink;
  MemorySink failures;
  sink.fail_at(scenario.sink_fails_at);
  StopFlag stop;
  Job job = scenario.job;
  job.run.seed = scenario.seed;
  Host host;
  host.source = &source;
  host.sink = &sink;
  host.failures = &failures;
  host.listener = [note = note_into(outcome, clock), &scenario](const Event& event) {
    note(event);
    if (scenario.listener) scenario.listener(event);
  };
  host.stop = &stop;
  host.run_id = "simulated";
  clock.set_wall(scenario.wall);
  host.earlier_sends = [&](const std::function<void(Instant, std::int64_t)>& each) -> Result<void> {
    for (const auto& [ago, weight] : scenario.earlier_sends) each(clock.now() - ago, weight);
    return {};
  };
  auto prepared = engine::prepare(job, source, host.run_id);
  if (!prepared) {
    outcome.report.end = RunEnd::kFailed;
    outcome.report.error = prepared.error();
    return outcome;
  }
  engine::Run run(context.get_executor(), &clock, Worker::Kind::kInline, job, host, *std::move(prepared));
  SimServer server(context.get_executor(), &clock, scenario.server, scenario.seed * 77 + 1);
  server.listen(run.line_events());
  Instant begun = outcome.begun = clock.now();
  if (scenario.stop_after > Duration(0))
    clock.call_at(begun + scenario.stop_after, [&stop] { stop.raise(); });
  run.start(&server, [] {});
  for (;;) {
    context.restart();
    context.poll();
    if (run.over()) break;
    outcome.hung = !clock.advance() || clock.now() - begun > scenario.give_up_after;
    if (outcome.hung) break;
  }
  outcome.report = run.report();
  outcome.rows = sink.rows();
  outcome.failures = failures.rows();
  outcome.finished = sink.finished();
  outcome.seen = server.seen();
  outcome.arrivals = server.arrivals();
  outcome.worst_second = server.worst_second();
  outcome.answered_twice = server.answered_twice();
  outcome.in_flight_most = server.in_flight_most();
  return outcome;
}

}  // namespace rowcall::sim
