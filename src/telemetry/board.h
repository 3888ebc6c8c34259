// SPDX-License-Identifier: Apache-2.0
// What those see who watch a run from outside: the run writes on it once a second, a server reads it.
//
// Any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "policy/anomaly.h"
#include "telemetry/api_health.h"
#include "telemetry/causes.h"
#include "telemetry/plain_text.h"
#include "telemetry/second_record.h"

namespace rowcall::telemetry {

/// An alarm in words.
struct ToldAlarm {
  WallTime at{};
  bool over = false;
  std::string text;
};

/// A run, as far as it can be seen from outside. No secret is in it.
struct LiveView {
  std::int64_t version = 0;  ///< Grows with every change.
  std::string name;
  std::vector<std::string> limits;  ///< For people.
  WallTime began{};
  std::deque<SecondRecord> seconds;  ///< The last 15 minutes.
  bool rows_exact = true;
  double price_per_call = 0;
  std::vector<std::pair<int, std::int64_t>> statuses;
  std::vector<Cause> causes;
  std::deque<ToldAlarm> alarms;       ///< The last 50, the newest last.
  std::vector<policy::Anomaly> open;  ///< Those that go on.
  std::string hold_why;               ///< Empty: nothing is held.
  Api api;
  std::string ended;         ///< "complete", "stopped", "failed"; empty: it goes on.
  std::string metrics_text;  ///< For Prometheus.
};

class Board {
 public:
  static constexpr std::size_t kSeconds = 900;
  static constexpr std::size_t kAlarms = 50;

  /// `change` gets the view to write on, while nobody reads.
  template <class Change>
  void update(Change change) {
    std::lock_guard lock(mutex_);
    change(view_);
    ++view_.version;
  }
  LiveView view() const {
    std::lock_guard lock(mutex_);
    return view_;
  }
  std::string metrics_text() const {
    std::lock_guard lock(mutex_);
    return view_.metrics_text;
  }
  std::int64_t version() const {
    std::lock_guard lock(mutex_);
    return view_.version;
  }

 private:
  mutable std::mutex mutex_;
  LiveView view_;
};

}  // namespace rowcall::telemetry
