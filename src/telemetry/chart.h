// SPDX-License-Identifier: Apache-2.0
// Plots over time as SVG, the same in the report and on the live page: no script, no font, nothing fetched.
//
// Colours are CSS variables of the page around (html_page.h), so that light and dark are the page's business.
// Each plot has a text in its place for those who do not see it. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rowcall::telemetry {

struct ChartLine {
  std::string name;
  std::string colour;          ///< A CSS variable, as in "--c1".
  std::vector<double> values;  ///< One for each x; NaN: a gap.
  bool filled = false;         ///< The area below is filled.
};

struct Chart {
  std::string title;
  std::string unit;       ///< Of y, as in "calls/s".
  std::vector<double> x;  ///< Seconds since the start, ascending.
  std::vector<ChartLine> lines;
  std::optional<std::pair<std::string, double>> limit;  ///< A line across: name and y.
  std::vector<std::pair<double, double>> holds;         ///< Spans of x in which nothing was sent.
  std::vector<double> marks;                            ///< Where an alarm began.
  bool log_scale = false;
};

/// A figure with plot, legend and description. More than `points_max` points are put together: means, and
/// maxima for lines whose name begins with "p99" or "max".
std::string chart_html(const Chart& chart, std::size_t points_max = 360);

/// Bars of a distribution: labels and counts.
struct Bars {
  std::string title;
  std::string unit;
  std::vector<std::pair<std::string, double>> bars;
};
std::string bars_html(const Bars& bars);

/// `text` for HTML, also inside a quoted attribute.
std::string html_escaped(std::string_view text);

}  // namespace rowcall::telemetry
