// SPDX-License-Identifier: Apache-2.0
// Bytes as text: percent-encoding, base64, hexadecimal.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rowcall {

/// Appends `text` percent-encoded as RFC 3986 wants it in a path segment or query value: letters, digits
/// and "-._~" pass, every other byte becomes %XX.
void append_percent(std::string& out, std::string_view text);
/// The bytes behind the percent-encoding; a broken %XX passes through as it stands.
std::string percent_decoded(std::string_view text);
/// Appends standard base64 with padding (RFC 4648, section 4).
void append_base64(std::string& out, std::string_view bytes);
/// Appends lower-case hexadecimal digits.
void append_hex(std::string& out, std::string_view bytes);

}  // namespace rowcall
