// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

namespace rowcall {

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void append_signed(std::string& out, std::int64_t value) {
  append_varint(out, (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

void append_sized(std::string& out, std::string_view bytes) {
  append_varint(out, bytes.size());
  out += bytes;
}

void append_fixed64(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(value >> shift);
}

std::optional<std::uint64_t> take_varint(std::string_view& from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < from.size() && i < 10; ++i) {
    auto byte = static_cast<unsigned char>(from[i]);
    if (i == 9 && byte > 1) return std::nullopt;  // more than 64 bits
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      from.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> take_signed(std::string_view& from) {
  auto value = take_varint(from);
  if (!value) return std::nullopt;
  return static_cast<std::int64_t>((*value >> 1) ^ (~(*value & 1) + 1));
}

std::optional<std::string_view> take_sized(std::string_view& from) {
  std::string_view rest = from;
  auto size = take_varint(rest);
  if (!size || *size > rest.size()) return std::nullopt;
  from = rest.substr(*size);
  return rest.substr(0, *size);
}

std::optional<std::uint64_t> take_fixed64(std::string_view& from) {
  if (from.size() < 8) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  from.remove_prefix(8);
  return value;
}

}  // namespace rowcall
