// SPDX-License-Identifier: Apache-2.0
// Numbers, durations, sizes and shares as people write them. Each function reads the whole text or
// returns nothing; the caller knows the place and makes the error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/time.h"

namespace rowcall {

std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);
/// "250ms", "10s", "1.5h", "5m" or "5min", "2d", "100us"; a bare number means seconds.
std::optional<Duration> parse_duration(std::string_view text);
/// "8MB", "64KiB", "1.5GB", "4096": K, M and G are powers of 1024, with or without "i" and "B".
std::optional<std::int64_t> parse_bytes(std::string_view text);

/// The shortest text that reads back as the same duration: "10s", "1.5s", "250ms".
std::string duration_text(Duration d);
/// "8MB", "64KB", "4097".
std::string bytes_text(std::int64_t bytes);
/// For people: "12,345,678".
std::string grouped(std::int64_t n);
/// For people, from a fraction of a second up to days: "0.8 s", "3 min 20 s", "2 h 05 min".
std::string duration_words(Duration d);
/// For people: "1.4 GB", "512 kB", with powers of 1000.
std::string bytes_words(std::int64_t bytes);

/// Parts between separators, blanks trimmed; empty parts are kept. "" has no parts.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trimmed(std::string_view text);
/// ASCII letters only; all header names and settings are ASCII.
std::string lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace rowcall
