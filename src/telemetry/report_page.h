// SPDX-License-Identifier: Apache-2.0
// report.html and report.json: what a run came to, for people and for programs. Also two runs side by side.
//
// Pure functions of what read_run has found; any thread.
#pragma once

#include <filesystem>
#include <string>

#include "rowcall/error.h"

#include "telemetry/report_data.h"

namespace rowcall::telemetry {

/// One self-contained page.
std::string report_html(const ReportData& data);
/// One object, indented.
std::string report_json(const ReportData& data);
/// Writes both into the run directory; returns the page's path.
Result<std::filesystem::path> write_report(const std::filesystem::path& dir);

/// The figures of two runs in three columns, and what has changed.
std::string compared(const ReportData& a, const ReportData& b);

}  // namespace rowcall::telemetry
