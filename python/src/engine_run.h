// SPDX-License-Identifier: Apache-2.0
// A run of the engine on threads of its own, consumed batch by batch by a thread of Python's.
//
//   TRY(auto run, EngineRun::make(job, std::move(stream), {}));
//   for (;;) switch (run->turn(50ms)) { kBatch: use(run->take()); kOver: return run->result(); ... }
//
// Nothing is sent before the first `turn`. Nothing here knows Python; but the stream may, so `turn` and
// `close` must be called without the interpreter's lock.
//
// Threads: one consumer at a time, which need not be the same thread always; `stop`, `close` and `progress`
// from any. After a fork the
// child has a copy without threads, of which nothing works but `is_of_this_process`; it is never destroyed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/event.h"
#include "rowcall/job.h"
#include "rowcall/run.h"

#include "python/src/hand_over.h"
#include "python/src/input_stream.h"
#include "python/src/kept_table.h"
#include "telemetry/latency_sketch.h"
#include "telemetry/redactor.h"
#include "telemetry/summary.h"
#include "telemetry/telemetry.h"

namespace rowcall::python {

struct EngineRunOptions {
  std::int64_t rows_expected = -1;  ///< Rows of the input, as far as known.
  std::string run_id;               ///< Names the run in Idempotency-Keys.
  Cluster cluster = {};             ///< Whom it shares its limits with.
};

/// The state of a run as of its last tick.
struct Progress {
  bool started = false;
  Counts counts;
  std::int64_t rows_expected = -1;
  int in_flight = 0;
  bool held = false;
  std::string held_why;
};

/// A line for the log; the level is that of Python's logging (10 debug, 20 info, 30 warning, 40 error).
struct Message {
  int level = 0;
  std::string text;
};

class EngineRun {
 public:
  /// Prepares everything and sends nothing. With `job.run.dir` set, logs, call log and summary are written
  /// there; else nothing is written to the disk.
  static Result<std::shared_ptr<EngineRun>> make(Job job, OwnedStream input, EngineRunOptions options);
  /// As `close`.
  ~EngineRun();
  EngineRun(const EngineRun&) = delete;
  EngineRun& operator=(const EngineRun&) = delete;

  /// The columns of what `take` returns.
  const ArrowSchema& output_schema() const { return *output_schema_.get(); }
  bool is_of_this_process() const;

  /// Waits at most `most`, pulling from the input meanwhile. Never returns kInput.
  HandOver::Turn turn(Duration most);
  OwnedArray take() { return hand_over_.take(); }
  /// First call: calls in flight finish, and what is done comes out. Second call: at once.
  void stop();
  /// Stops at once, waits for the threads, and drops what was not taken. `turn` says kOver from then on.
  void close();

  Progress progress() const;
  std::vector<Message> take_messages();

  // After kOver.
  const Result<Report>& result() const { return result_; }
  /// The report in the form of summary.json, and as the text that the command line closes with.
  std::string report_json() const;
  std::string closing_text() const;
  /// The failure table, empty when no row failed.
  std::shared_ptr<const KeptTable> failures() const;
  /// The numbers, over the whole input, of the rows that were read and are not in the table, ascending: those
  /// that failed, and those that a stop has left out.
  std::vector<std::int64_t> absent_rows() const;

 private:
  class Source;
  class Sink;

  EngineRun(Job job, InputStream input, EngineRunOptions options, const std::vector<std::string>& secrets);
  Result<void> open_telemetry();
  void start();
  void work();
  void listen(const Event& event);
  void say(int level, std::string text);
  void finish_report();
  telemetry::Summary summary() const;
  void end_work();

  const Job job_;
  const EngineRunOptions options_;
  const pid_t process_;
  const telemetry::Redactor redactor_;
  InputStream input_;
  OwnedSchema output_schema_;
  HandOver hand_over_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Sink> sink_;
  KeepingSink failures_;
  StopFlag stop_;
  std::unique_ptr<telemetry::Telemetry> telemetry_;
  std::timed_mutex consuming_;  // held by the thread whose turn it is
  std::thread thread_;
  bool closed_ = false;

  mutable std::mutex mutex_;  // of what the run's thread tells
  Progress progress_;
  std::vector<Message> messages_;

  // Of the run's thread until it is over.
  telemetry::LatencySketch latencies_;
  std::int64_t failures_told_ = 0;
  WallTime started_at_{};
  WallTime ended_at_{};
  Duration cpu_before_{};
  Duration cpu_{};
  Result<Report> result_ = Report{};
};

}  // namespace rowcall::python
