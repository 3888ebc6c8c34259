// SPDX-License-Identifier: Apache-2.0
// The frame of our HTML pages: style, light and dark, narrow and wide; and the parts that the report and the
// live page share. Everything is in the page: nothing is fetched.
//
// Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/causes.h"
#include "telemetry/second_record.h"

namespace rowcall::telemetry {

/// A whole document. `script` may be empty.
std::string html_page(std::string_view title, std::string_view body, std::string_view script = {});

/// A figure with its name, for the row of figures on top.
std::string tile_html(std::string_view name, std::string_view value, std::string_view note = {});

/// What the plots are made of: seconds on the axis of the first one.
struct PlotInput {
  std::vector<SecondRecord> seconds;
  WallTime began{};
  std::vector<std::pair<WallTime, WallTime>> holds;
  std::vector<WallTime> alarms;
};
/// Rate against the limit, latency, outcomes, memory, calls under way; each a figure.
std::vector<std::string> plots_html(const PlotInput& input);

/// What takes how long on average: phases of calls, connections, ledger, sink.
std::string times_html(const PhaseTimes& times);

/// Failed rows by cause. Rows are numbered from 1, as people count.
std::string causes_html(const std::vector<Cause>& causes);

}  // namespace rowcall::telemetry
