// SPDX-License-Identifier: Apache-2.0
// The table of settings, a function or two for each section: what `all()` is put together from.
#pragma once

#include <vector>

#include "settings/setting.h"

namespace rowcall::settings {

// table.cc: the tables read and written, and the run itself.
std::vector<Setting> top_settings();
std::vector<Setting> source_settings();
std::vector<Setting> csv_settings();  // of [source], too
std::vector<Setting> s3_settings();
std::vector<Setting> sink_settings();
std::vector<Setting> run_settings();
std::vector<Setting> log_settings();

// table_call.cc: what is sent and what becomes of the answer.
std::vector<Setting> request_settings();
std::vector<Setting> connection_settings();  // of [request], too
std::vector<Setting> auth_settings();
std::vector<Setting> response_settings();
std::vector<Setting> classify_settings();

// table_limits.cc: how much, how fast, and when to give up.
std::vector<Setting> limits_settings();
std::vector<Setting> retry_settings();
std::vector<Setting> breaker_settings();

}  // namespace rowcall::settings
