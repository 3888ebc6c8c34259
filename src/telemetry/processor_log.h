// SPDX-License-Identifier: Apache-2.0
// Writes logs/processor.log: the run from its start to its end, batches, parts, holds, warnings, and rows
// that came to nothing.
//
// One thread: that of the events.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rowcall/event.h"

#include "telemetry/line_sampler.h"
#include "telemetry/logs.h"

namespace rowcall::telemetry {

class ProcessorLog {
 public:
  /// `logs` outlives this. `version` is that of the program.
  ProcessorLog(Logs* logs, std::string version) : logs_(logs), version_(std::move(version)) {}

  void on(const RunStarted& event);
  void on(const BatchRead& event);
  void on(const PartPublished& event);
  void on(const HoldChanged& event);
  void on(const PaceChanged& event);
  void on(const Warning& event);
  void on(const RowUnreadable& event);
  void on(const RowsFailed& event);
  void on(const Tick& event);
  void on(const RunEnded& event);

 private:
  // Failed rows of one error class.
  struct FailedClass {
    std::string name;
    LineSampler calls;
    std::int64_t rows_untold = 0;
  };

  FailedClass& failed_class(std::string_view name);
  void sum_up(FailedClass& failed, std::int64_t calls);
  void sum_up_unreadable(std::int64_t rows);
  void log_counts(const Report& report);

  static constexpr int kUnreadableFirst = 100;
  static constexpr int kOnConsoleFirst = 3;
  static constexpr std::size_t kClassesMax = 32;

  Logs* logs_;
  std::string version_;
  Instant now_{};  ///< Of the last tick.
  LineSampler unreadable_{kUnreadableFirst};
  LineSampler unreadable_on_console_{kOnConsoleFirst};
  std::vector<FailedClass> failed_;
  LineSampler failed_on_console_{kOnConsoleFirst};
};

}  // namespace rowcall::telemetry
