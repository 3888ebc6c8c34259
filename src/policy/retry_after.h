// SPDX-License-Identifier: Apache-2.0
// The Retry-After header in both of its forms (RFC 9110, section 10.2.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "rowcall/time.h"

namespace rowcall::policy {

/// How long the server asks to wait, at most `cap`. `value` is a number of seconds (fractions are
/// tolerated) or an HTTP date; a date is compared with `date`, the answer's own Date header, so that the
/// clocks need not agree, or with the system's clock if there is none. A date that has passed means zero.
/// Nothing when the value has neither form.
std::optional<Duration> retry_after(std::string_view value, std::string_view date, Duration cap);

/// Seconds since 1970 of an HTTP date in any of its three forms ("Sun, 06 Nov 1994 08:49:37 GMT", RFC 850,
/// asctime). Nothing when it is none.
std::optional<std::int64_t> http_date(std::string_view text);

}  // namespace rowcall::policy
