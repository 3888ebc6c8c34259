// SPDX-License-Identifier: Apache-2.0
// The body of a log line, as text and as members of a JSON object.
#pragma once

#include <string>
#include <string_view>

#include "telemetry/logs.h"
#include "telemetry/redactor.h"

namespace rowcall::telemetry {

/// `message key=value key="some text"`: one line, no secret.
std::string text_body(std::string_view message, Fields fields, const Redactor& redactor);

/// `"message":"...","key":value`: valid JSON between braces, no secret.
std::string json_body(std::string_view message, Fields fields, const Redactor& redactor);

}  // namespace rowcall::telemetry
