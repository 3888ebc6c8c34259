// SPDX-License-Identifier: Apache-2.0
// What the progress display says, as pure functions of what is known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/report.h"
#include "rowcall/time.h"

#include "policy/forecast.h"

namespace rowcall::telemetry {

/// What is known of a run at one moment.
struct ProgressState {
  std::string name;  ///< Of the job; plain text.
  Counts counts;
  std::int64_t rows_expected = -1;  ///< -1: not known.
  bool rows_exact = true;           ///< false: `rows_expected` is an estimate.
  int rows_per_call = 1;
  double calls_per_s = 0;  ///< Over the last 2 seconds.
  double rows_per_s = 0;
  double limit_per_s = 0;  ///< Calls a second the tightest limit allows; 0: none.
  int in_flight = 0;
  int waiting = 0;
  int sleeping = 0;
  int connections = 0;
  bool held = false;
  std::string held_why;  ///< Plain text.
  Duration held_for{};
  Duration next_probe_in{};
  bool stopping = false;
  Duration elapsed{};
  std::optional<policy::FinishForecast> left;
  double price_per_call = 0;  ///< 0: not known.
};

/// How it may look.
struct Look {
  int width = 80;  ///< Columns; no line is longer.
  bool colour = false;
  bool unicode = false;
};

/// Two to four lines for a terminal: how far, how fast, what came of it, and why it is not moving. On a
/// narrow terminal the less important figures are left out.
std::vector<std::string> render(const ProgressState& state, const Look& look);

/// The same in one line of plain ASCII (but for names), for a pipe or a log of a build service.
std::string render_line(const ProgressState& state);

}  // namespace rowcall::telemetry
