// SPDX-License-Identifier: Apache-2.0
// Response columns as text: name = "/pointer:type!".
#pragma once

#include <string>
#include <string_view>

#include "rowcall/job.h"

#include "settings/complaint.h"

namespace rowcall::settings {

/// What the text of a response column should look like, in words.
extern const char* const kColumnForm;

/// The types a column may have, in words.
inline constexpr std::string_view kColumnTypes =
    "string, bool, int8 to int64, uint8 to uint64, float, double, decimal(P,S), date, timestamp, "
    "timestamp[s|ms|us|ns], timestamp[us, UTC], binary or json";

/// "/pointer:type!": the type is "string" when it is left out, "!" marks a value that must be there, and
/// an empty pointer means the whole body (or the whole item). Only the last colon parts, so a pointer
/// that holds one needs its type written.
Read<ResponseColumn> parse_column(const std::string& name, std::string_view text);

/// The text that reads back as the same column.
std::string column_text(const ResponseColumn& column);

/// Wrong when `type` is no type of a column.
Verdict check_type(std::string_view type);

/// Wrong when `pointer` is no JSON Pointer (RFC 6901).
Verdict check_pointer(std::string_view pointer);

}  // namespace rowcall::settings
