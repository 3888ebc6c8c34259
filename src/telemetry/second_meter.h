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
  /// Response columns whose nulls are counted: the first ones of the job.
  static constexpr std::size_t kColumnsMost = 32;

  /// What a second came to, and, when enough attempts have gathered, what anomalies are looked for in. Its
  /// columns are valid until the next event.
  struct Made {
    SecondRecord record;
    std::optional<policy::Second> second;
  };

  void on(const RunStarted& event);
  void on(const AttemptEnded& event) {
    const Reply& reply = event.reply;
    if (reply.on_wire && reply.error == TransportError::kNone && event.rows > 0) {
      latencies_.add(time_taken(reply));
      if (reply.answering_at != Instant{}) {
        spent_[Phase::kWait].add(reply.answering_at - reply.sent_at);
        spent_[Phase::kRead].add(reply.done_at - reply.answering_at);
      }
    }
    timeouts_ += reply.error == TransportError::kTimeout;
  }
  void on(const ConnectionOpened& event);
  void on(const BatchRead& event) { spent_[Phase::kBatchRead].add(event.took); }
  void on(const PartPublished& event) { spent_[Phase::kPartWrite].add(event.took); }
  void on(const LedgerSynced& event) { spent_[Phase::kLedgerSync].add(event.took); }
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
  void add_columns(SecondRecord& record);
  void add_resources(SecondRecord& record);
  std::optional<policy::Second> add_to_watched(const SecondRecord& record, Instant at);

  LatencySketch latencies_;
  std::int64_t timeouts_ = 0;
  PhaseTimes spent_;
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
  std::vector<policy::Second::Column> watched_columns_;
  std::vector<policy::Second::Column> made_columns_;

  // Of the last tick, and at the end of the last second.
  std::vector<ColumnNulls> names_;
  std::vector<policy::Second::Column> columns_;
  std::vector<policy::Second::Column> columns_before_;
};

}  // namespace rowcall::telemetry
