// SPDX-License-Identifier: Apache-2.0
// Numbers and texts as few bytes, one after the other in a string, and back again.
//
// Pure functions; any thread. What is read may be damaged: a `take_...` that does not find what it should
// returns nothing, and never looks beyond the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowcall {

/// Seven bits a byte, the lowest first (LEB128): 1 byte up to 127, at most 10.
void append_varint(std::string& out, std::uint64_t value);
/// The same for signed numbers, zigzag: small ones of either sign stay short.
void append_signed(std::string& out, std::int64_t value);
/// The length as a varint, then the bytes.
void append_sized(std::string& out, std::string_view bytes);
/// 8 bytes, little-endian.
void append_fixed64(std::string& out, std::uint64_t value);

/// Each takes what it reads off the front of `from`.
std::optional<std::uint64_t> take_varint(std::string_view& from);
std::optional<std::int64_t> take_signed(std::string_view& from);
std::optional<std::string_view> take_sized(std::string_view& from);
std::optional<std::uint64_t> take_fixed64(std::string_view& from);

}  // namespace rowcall
