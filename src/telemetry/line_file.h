// SPDX-License-Identifier: Apache-2.0
// A file that lines are added to, each handed to the system at once; a later session goes on in it.
//
// A line that an earlier session left half-written is cut off. What a full disk refuses is lost and counted:
// a run does not end because it cannot be watched.
//
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "rowcall/error.h"

namespace rowcall::telemetry {

class LineFile {
 public:
  /// Opens or makes the file.
  static Result<std::unique_ptr<LineFile>> open(const std::filesystem::path& path);
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  /// One or more whole lines, each with its end.
  void add(std::string_view lines);
  std::int64_t lost() const { return lost_; }

 private:
  LineFile(int fd, std::int64_t size) : fd_(fd), size_(size) {}

  int fd_;
  std::int64_t size_;  ///< Whole lines only.
  std::int64_t lost_ = 0;
};

}  // namespace rowcall::telemetry
