// SPDX-License-Identifier: Apache-2.0
// The numbers of a run under names for Prometheus (text exposition format 0.0.4) and CloudWatch.
//
// Fed by events; an attempt costs two additions. The text is made only when somebody asks for it. Names and
// units follow the conventions of Prometheus: base units, `_total` for what only grows.
//
// One thread: that of the events.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "rowcall/event.h"
#include "rowcall/job.h"

#include "policy/anomaly.h"
#include "telemetry/api_health.h"
#include "telemetry/latency_sketch.h"
#include "telemetry/second_record.h"

namespace rowcall::telemetry {

class Metrics {
 public:
  /// `latencies` and `api`, which somebody else fills, outlive this. `price_per_call` 0: not known.
  Metrics(std::string version, double price_per_call, const LatencySketch* latencies, const Api* api)
      : version_(std::move(version)), latencies_(latencies), api_(api), price_per_call_(price_per_call) {}

  void on(const RunStarted& event);
  void on(const AttemptEnded& event) {
    ++statuses_[static_cast<std::size_t>(
        event.reply.status >= 0 && event.reply.status < kStatuses ? event.reply.status : 0)];
    ++errors_[static_cast<std::size_t>(event.reply.error)];
  }
  void on(const RowsFailed& event);
  void on(const HoldChanged& event);
  void on(const BatchRead& event);
  void on(const PartPublished& event);
  void on(const SecondRecord& record);
  void on(const policy::Anomaly& anomaly);

  /// For /metrics.
  std::string prometheus_text() const;
  /// One line in CloudWatch's embedded metric format, with its end.
  std::string cloudwatch_line() const;

  /// Answers by HTTP status (0: none arrived), those that came at all.
  std::vector<std::pair<int, std::int64_t>> statuses() const;

 private:
  static constexpr int kStatuses = 600;
  static constexpr std::size_t kErrors = 10;

  std::string version_;
  const LatencySketch* latencies_;
  const Api* api_;
  double price_per_call_;
  std::string job_;
  double started_at_s_ = 0;  ///< Unix time of the first record, roughly the start.
  std::vector<RateLimit> limits_;
  std::array<std::int64_t, kStatuses> statuses_{};
  std::array<std::int64_t, kErrors> errors_{};
  std::unordered_map<std::string, std::int64_t> failed_;
  std::array<std::int64_t, policy::kSignals> anomalies_{};
  std::int64_t anomalies_open_ = 0;
  std::int64_t holds_ = 0;
  PhaseTimes spent_;
  std::int64_t answered_rows_ = 0;
  std::vector<ColumnNulls> nulls_;
  std::int64_t batch_rows_ = 0;
  std::int64_t part_rows_ = 0;
  std::int64_t part_bytes_ = 0;
  double cpu_s_ = 0;
  SecondRecord last_;
};

}  // namespace rowcall::telemetry
