// SPDX-License-Identifier: Apache-2.0
// Shell patterns over whole paths: "in/2024-*.csv", "in/**/part-?.parquet".
//
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace rowcall::files {

/// True when `text` holds `*`, `?` or `[`.
bool is_pattern(std::string_view text);

/// The folder in front of the first part that is a pattern: "in" for "in/*/a.csv", "" for "*.csv", "/" for
/// "/*".
std::string folder_of_pattern(std::string_view pattern);

/// How many folders below `folder_of_pattern` a match can lie; a very large number when the pattern has `**`.
int depth_of_pattern(std::string_view pattern);

/// True when the whole of `path` matches. `*` and `?` stand for anything but "/", `[a-z]` and `[!a-z]` for
/// one character, `**` as a whole part for any number of folders. A part that begins with "." or "_" is
/// hidden: only a pattern's part that begins with the same character matches it.
bool matches_pattern(std::string_view pattern, std::string_view path);

/// True for a name that begins with "." or "_", as marker files and folders in progress do, and for one that
/// ends in ".part", as files do that are still written.
bool is_hidden(std::string_view name);

}  // namespace rowcall::files
