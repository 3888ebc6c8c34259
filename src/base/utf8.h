// SPDX-License-Identifier: Apache-2.0
// UTF-8: is it, and if not, what to show of it.
#pragma once

#include <string>
#include <string_view>

namespace rowcall {

/// True when `text` is valid UTF-8 (simdjson's validator).
bool is_utf8(std::string_view text);

/// At most `bytes_max` bytes of `text`, cut at a character's edge, each byte that is not part of valid
/// UTF-8 shown as U+FFFD. "..." is appended when something was cut off.
std::string excerpt(std::string_view text, std::size_t bytes_max);

}  // namespace rowcall
