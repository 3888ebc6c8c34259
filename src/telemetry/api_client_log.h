// SPDX-License-Identifier: Apache-2.0
// Writes logs/api_client.log: what became of calls. Slow, throttled and failed attempts, each kind sampled,
// so that a million failures are some hundred lines; every attempt at level trace; the state of the pace
// every ten seconds.
//
// Nothing of it goes to the console: the progress display counts the same things.
//
// One thread: that of the events. An attempt about which nothing is written costs a comparison or two.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "rowcall/event.h"

#include "telemetry/attempt_time.h"
#include "telemetry/latency_sketch.h"
#include "telemetry/line_sampler.h"
#include "telemetry/logs.h"

namespace rowcall::telemetry {

class ApiClientLog {
 public:
  /// `logs` and `latencies`, which somebody else fills, outlive this.
  ApiClientLog(Logs* logs, const LatencySketch* latencies, Duration slow_call)
      : logs_(logs),
        latencies_(latencies),
        slow_call_(slow_call),
        trace_(logs->writes(LogLevel::kTrace)),
        info_(logs->writes(LogLevel::kInfo)) {}

  void on(const RunStarted& event);
  void on(const AttemptEnded& event) {
    bool fine = event.outcome <= OutcomeClass::kNoMatch && time_taken(event.reply) < slow_call_;
    if (fine && !trace_) [[likely]]
      return;
    note(event, fine);
  }
  void on(const RetryPlanned& event);
  void on(const Tick& event);
  void on(const RunEnded& event);

 private:
  // One kind of thing worth a line: an outcome class, or slow.
  struct Kind {
    LineSampler lines;
    std::int64_t last_row = 0;  ///< Of those that were only counted.
    int last_status = 0;
    TransportError last_error = TransportError::kNone;
  };
  static constexpr std::size_t kSlow = kOutcomeClasses;

  void note(const AttemptEnded& event, bool fine);
  void write_attempt(LogLevel level, std::string_view message, const AttemptEnded& event);
  void sum_up(std::size_t kind, std::int64_t calls);
  void write_pace(const Tick& event);

  Logs* logs_;
  const LatencySketch* latencies_;
  Duration slow_call_;
  bool trace_;
  bool info_;
  std::array<Kind, kOutcomeClasses + 1> kinds_{};
  Instant pace_at_{};  ///< When the pace was last written.
  std::int64_t pace_attempts_ = 0;
};

}  // namespace rowcall::telemetry
