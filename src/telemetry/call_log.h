// SPDX-License-Identifier: Apache-2.0
// Writes calls.log: one record of 24 bytes for each attempt that was on the wire, in the order in which
// they ended. What the limiter promised can be checked from it afterwards (rate_verdict.h).
//
// A resumed run appends to the file of the run before; each session begins with a record that says when.
// Records gather in memory and are written at the latest 100 ms later, by `flush` on every tick. They are
// not synced: a kill loses at most those 100 ms, a power cut what the system had not written yet. The log
// is evidence, not the ledger; nothing is resumed from it.
//
// One thread: that of the events.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/event.h"
#include "rowcall/job.h"
#include "rowcall/time.h"

#include "telemetry/call_log_format.h"
#include "telemetry/plain_text.h"

namespace rowcall::telemetry {

/// Tells one start of this machine from another; 0: not known. Monotonic times of one boot share an axis.
std::uint32_t boot_mark();

class CallLog {
 public:
  /// When a session began, on both clocks at the same moment.
  struct Session {
    Instant at;
    WallTime wall;
    std::uint32_t boot = boot_mark();
  };
  /// Called once, when records cannot be written for the first time; the run goes on.
  using Trouble = std::function<void(const Error&)>;

  /// Opens or makes the log. A record that an earlier session left half-written is cut off. Fails when the
  /// file is something else, belongs to a run still going on, or cannot be opened.
  static Result<std::unique_ptr<CallLog>> open(const std::filesystem::path& path, Trouble trouble);
  ~CallLog();
  CallLog(const CallLog&) = delete;
  CallLog& operator=(const CallLog&) = delete;

  /// First of all: the session and the limits that hold in it.
  void begin(const Session& session, std::span<const RateLimit> limits);
  /// Notes an attempt; one that never was on the wire is left out. No system call unless 64 KB have gathered.
  void add(const AttemptEnded& attempt);
  /// Hands what has gathered to the system. What a full disk refuses is kept up to 64 KB and tried again;
  /// what does not fit is counted, and the log says so at that place.
  void flush();
  /// Last of all: what the disk still refuses is given up, and the log says so. The gap takes the place of
  /// the last call in the file, since nothing can be added to it.
  void end();

  /// Records that could not be kept so far.
  std::int64_t lost() const { return lost_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  CallLog(std::filesystem::path path, int fd, std::int64_t size, Trouble trouble);
  bool push(const RawCallRecord& record);
  void put(const RawCallRecord& record);
  void give_up();
  void tell(const Error& error);

  static constexpr std::size_t kBufferBytes = 65'536 / kCallRecordBytes * kCallRecordBytes;

  std::filesystem::path path_;
  int fd_;
  std::int64_t size_;  ///< Of the file: whole records only.
  Trouble trouble_;
  bool told_ = false;
  Instant origin_{};
  bool begun_ = false;
  std::int64_t weight_ = 1;  ///< As the log has it.
  std::vector<unsigned char> buffer_;
  std::int64_t lost_ = 0;
  std::int64_t lost_unsaid_ = 0;  ///< Lost since the last gap record.
};

}  // namespace rowcall::telemetry
