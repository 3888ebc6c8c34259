// SPDX-License-Identifier: Apache-2.0
// What a sink remembers from one session of a run to the next, in its own folder of the run directory.
//
// By it a sink knows its own half-written table from one that somebody else has left there.
// Plain data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/error.h"

namespace rowcall::files {

struct SinkState {
  struct Part {
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
  };
  std::string path;         ///< The table's, as the user wrote it.
  bool replacing = false;   ///< Another table is there, and stays until this one is whole.
  bool whole = false;       ///< The table was finished.
  std::vector<Part> parts;  ///< Published, in order; the last may not be committed.

  std::int64_t rows() const;

  /// What `folder` holds; nothing if there is none, or one of another path.
  static Result<std::optional<SinkState>> load(const std::filesystem::path& folder, const std::string& path);
  Result<void> save(const std::filesystem::path& folder) const;

  /// Forgets parts from `next_part` on, which were never committed; fails when committed ones are missing.
  Result<void> cut(int next_part);
};

/// "part-00007"
std::string part_name(std::size_t index);

}  // namespace rowcall::files
