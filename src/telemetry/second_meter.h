// SPDX-License-Identifier: Apache-2.0
// Gathers a run's events into seconds.
//
// An attempt costs a few nanoseconds: one count in a sketch. Everything else comes with the ticks.
//
// One thread: that of the events.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "rowcall/event.h"

#include "policy/anomaly.h"
#include "policy/forecast.h"
#include "telemetry/attempt_time.h"
#include "telemetry/latency_sketch.h"
#include "telemetry/second_record.h"

namespace rowcall::telemetry {

class SecondMeter {
 public:
  /// What a second came to, and, when enough attempts have gathered, what anomalies are looked for in.
  struct Made {
    SecondRecord record;
    std::optional<policy::Second> second;
  };

  void on(const RunStarted& event);
  void on(const AttemptEnded& event) {
    if (event.reply.on_wire && event.reply.error == TransportError::kNone)
      latencies_.add(time_taken(event.reply));
    timeouts_ += event.reply.error == TransportError::kTimeout;
  }
  /// A second that is over. `wall` is asked for only then.
  std::optional<Made> on(const Tick& event, const std::function<WallTime()>& wall);
  /// What is left of the last second: at the end.
  std::optional<Made> finish(const std::function<WallTime()>& wall);

  /// The latencies of the second that is not over.
  const LatencySketch& latencies() const { return latencies_; }
  /// Forgets them: the caller has merged them.
  void clear_latencies() { latencies_.clear(); }

 private:
  Made make(const Tick& event, WallTime wall);
  void add_resources(SecondRecord& record);
  std::optional<policy::Second> add_to_watched(const SecondRecord& record, Instant at);

  LatencySketch latencies_;
  std::int64_t timeouts_ = 0;
  bool steady_ = true;
  std::optional<policy::Forecast> forecast_;
  double limit_per_s_ = 0;
  Counts before_;
  Duration cpu_before_{};
  Instant began_{};
  std::optional<Tick> last_;
  Counts last_counts_;

  // Seconds put together until there are enough attempts in them to say something.
  policy::Second watched_;
  LatencySketch watched_latencies_;
};

}  // namespace rowcall::telemetry
