// SPDX-License-Identifier: Apache-2.0
// The progress display: fed with events, shown on the console five times a second, or as a line every five
// seconds where there is no terminal.
//
// One thread: that of the events.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/event.h"
#include "rowcall/job.h"

#include "policy/forecast.h"
#include "telemetry/console.h"
#include "telemetry/progress_view.h"
#include "telemetry/redactor.h"
#include "telemetry/terminal.h"

namespace rowcall::telemetry {

struct ProgressOptions {
  Display display = Display::kNone;
  bool colour = false;
  bool unicode = false;
  double price_per_call = 0;  ///< 0: not known.
};

class Progress {
 public:
  /// `console` and `redactor` outlive this.
  Progress(const ProgressOptions& options, Console* console, const Redactor* redactor)
      : options_(options), console_(console), redactor_(redactor) {}

  void on(const RunStarted& event);
  void on(const Tick& event);
  /// Takes the display away; the closing text follows.
  void on(const RunEnded& event);

  const ProgressState& state() const { return state_; }

 private:
  // What was done at some moment, to tell the rate of the last two seconds.
  struct Sample {
    Instant at{};
    std::int64_t attempts = 0;
    std::int64_t ended = 0;
  };

  void take_over(const Tick& event);
  void measure(const Tick& event);
  bool due(Instant now) const;

  ProgressOptions options_;
  Console* console_;
  const Redactor* redactor_;
  ProgressState state_;
  std::optional<policy::Forecast> forecast_;
  std::array<Sample, 24> samples_{};
  std::size_t samples_taken_ = 0;
  bool shown_ = false;
  Instant shown_at_{};
  bool urgent_ = false;  ///< Held or stopping has changed: show it now.
};

}  // namespace rowcall::telemetry
