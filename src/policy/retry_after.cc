// SPDX-License-Identifier: Apache-2.0
#include "policy/retry_after.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string>

#include "base/parse.h"

namespace rowcall::policy {

std::optional<std::int64_t> http_date(std::string_view text) {
  std::string copy(trimmed(text));
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = ::strptime(copy.c_str(), form, &parts);
    if (end != nullptr && *end == '\0') return ::timegm(&parts);
  }
  return std::nullopt;
}

std::optional<Duration> retry_after(std::string_view value, std::string_view date, Duration cap) {
  if (auto number = parse_double(value)) {
    if (*number < 0) return std::nullopt;
    return from_seconds(std::min(*number, seconds(cap)));
  }
  auto until = http_date(value);
  if (!until) return std::nullopt;
  std::int64_t now = http_date(date).value_or(std::time(nullptr));
  auto wait = static_cast<double>(std::max<std::int64_t>(*until - now, 0));
  return from_seconds(std::min(wait, seconds(cap)));
}

}  // namespace rowcall::policy
