// SPDX-License-Identifier: Apache-2.0
// All that listens to a run, in one object: call log, log files, progress display, summary.
//
//   TRY(auto telemetry, Telemetry::open(job, options));
//   host.listener = telemetry->listener();
//   TRY(Report report, run(job, host));
//   TRY(std::string closing, telemetry->finish(report));
//
// It knows nothing of the engine but its events. A further listener (an exporter of metrics, a live page) is
// given to `add`, or becomes another member of this room, fed in telemetry.cc.
//
// One thread, that of the run; `logs()` may be used from any.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/event.h"
#include "rowcall/job.h"
#include "rowcall/report.h"

#include "telemetry/plain_text.h"
#include "telemetry/terminal.h"

namespace rowcall::telemetry {

class Board;
class Logs;

struct ConsoleOptions {
  int fd = 2;                      ///< Standard error.
  bool quiet = false;              ///< No progress, and of the log lines only errors.
  std::optional<Display> display;  ///< Not set: what `fd` and the environment suggest.
  std::optional<bool> colour;      ///< The same.
  std::optional<bool> unicode;     ///< The same.
};

/// An alarm began or is over, or the run has ended: for those who want to be told.
struct News {
  std::string kind;  ///< "alarm", "alarm_over", "end".
  std::string text;  ///< One line, without secrets.
};

struct TelemetryOptions {
  std::filesystem::path dir;  ///< The run directory; made if need be.
  std::string version;        ///< Of the program, as in "0.1.0".
  ConsoleOptions console;
  std::vector<std::string> secrets;  ///< The values that must never be written anywhere (redactor.h).
  std::string retry_command;         ///< Empty: "rowcall retry DIR".
  std::string go_on;                 ///< Empty: "run the same command again".
  double price_per_call = 0;         ///< What an attempt costs, in any currency; 0: not known.
  /// Gets a line in CloudWatch's embedded metric format every ten seconds, on the run's thread. May be empty.
  std::function<void(const std::string&)> cloudwatch;
  Board* board = nullptr;                 ///< Where those look who watch from outside; may be null.
  std::function<void(const News&)> tell;  ///< Called on the run's thread; must be quick. May be empty.
  std::function<WallTime()> wall_clock;   ///< Empty: the system's.
};

class Telemetry {
 public:
  /// Makes the run directory and opens its files. Fails when that cannot be done, or when another run is
  /// writing to it. Nothing is said about `dir` being empty: a resumed run goes on in it.
  static Result<std::unique_ptr<Telemetry>> open(const Job& job, TelemetryOptions options);
  ~Telemetry();
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  /// For `Host::listener`. This object must outlive the run.
  Listener listener();
  /// Gives every event to `listener` too, after all others have had it.
  void add(Listener listener);

  /// Ends everything, writes summary.json, and returns the closing text for the terminal. Once, after the
  /// run. When summary.json cannot be written the error says so; the logs are whole all the same.
  Result<std::string> finish(const Report& report);

  /// For what the host itself has to say.
  Logs& logs();

 private:
  struct Parts;
  explicit Telemetry(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace rowcall::telemetry
