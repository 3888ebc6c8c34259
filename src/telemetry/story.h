// SPDX-License-Identifier: Apache-2.0
// Writes events.ndjson: what happened to a run, for the report. Start, holds, alarms, warnings, causes of
// failed rows, end: one JSON object a line, a few lines a minute at most.
//
// A resumed run goes on in the same file. Lines are handed to the system at once, so a killed run still has
// its report. The members are described in docs/run-directory.md.
//
// One thread: that of the events.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/event.h"

#include "policy/anomaly.h"
#include "telemetry/causes.h"
#include "telemetry/line_file.h"
#include "telemetry/plain_text.h"
#include "telemetry/redactor.h"

namespace rowcall::telemetry {

class Story {
 public:
  /// All three outlive this.
  Story(LineFile* file, const Redactor* redactor, const Causes* causes)
      : file_(file), redactor_(redactor), causes_(causes) {}

  void begin(const RunStarted& event, WallTime at, std::string_view version, double price_per_call);
  void hold(const HoldChanged& event, WallTime at);
  void alarm(const policy::Anomaly& anomaly, WallTime at);
  void warn(std::string_view text, WallTime at);
  /// The causes, if there is a tenth more of them than told, or for the last time.
  void causes(WallTime at, bool last = false);
  void end(const Report& report, WallTime at);

 private:
  LineFile* file_;
  const Redactor* redactor_;
  const Causes* causes_;
  std::int64_t caused_rows_told_ = 0;
};

/// What was told of a run, read back. Of several sessions, everything in order; causes added up.
struct ToldStory {
  struct Hold {
    WallTime from{};
    WallTime until{};  ///< Not set: it did not end.
    std::string why;
  };
  struct Alarm {
    WallTime at{};
    policy::Anomaly anomaly;  ///< `since` and `at` of it are not set.
  };
  std::string name;
  std::string version;
  std::string sink;
  std::vector<std::string> limits;
  double price_per_call = 0;
  int sessions = 0;
  WallTime began{};
  WallTime session_began{};  ///< Of the last session.
  bool ended = false;        ///< The last session came to an end of its own.
  std::vector<Hold> holds;
  std::vector<Alarm> alarms;
  std::vector<std::pair<WallTime, std::string>> warnings;
  std::vector<Cause> causes;
};

ToldStory story_from_json(std::string_view lines);

}  // namespace rowcall::telemetry
