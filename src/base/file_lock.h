// SPDX-License-Identifier: Apache-2.0
// The system's lock on a file (flock): it goes with its process, so that a crash cannot leave it behind.
#pragma once

#include <filesystem>
#include <optional>

#include "rowcall/error.h"

namespace rowcall {

class FileLock {
 public:
  /// Makes the file if need be, and locks it until this object goes; nothing when another process has it.
  static Result<std::optional<FileLock>> take(const std::filesystem::path& path);
  /// True while a process has it. Looks only.
  static bool is_taken(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace rowcall
