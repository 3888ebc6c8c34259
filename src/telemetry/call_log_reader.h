// SPDX-License-Identifier: Apache-2.0
// Reads calls.log, also while a run is still writing to it.
//
// All sessions are put on one axis, ns since 1970: the wall clock of the first session, from where the
// monotonic clock goes on. Sessions of the same boot are placed by the monotonic clock, so a wall clock that
// was set in between does no harm; only over a reboot or on another machine the wall clock decides.
//
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "telemetry/call_log_format.h"
#include "telemetry/plain_text.h"

namespace rowcall::telemetry {

/// One attempt, as logged.
struct LoggedCall {
  std::int64_t sent_ns = 0;  ///< Since 1970, on the log's axis.
  std::int64_t row = 0;
  std::uint32_t latency_us = 0;
  int status = 0;
  int attempt = 0;
  OutcomeClass outcome = OutcomeClass::kSuccess;
  TransportError error = TransportError::kNone;
  std::int64_t weight = 1;  ///< What it counted as against the limits.
  int session = 0;          ///< Index into `sessions()`.
};

/// One run, or one resumption of it.
struct LoggedSession {
  std::int64_t began_ns = 0;      ///< Since 1970, on the log's axis.
  std::vector<RateLimit> limits;  ///< Those that held in it.
  std::int64_t monotonic_ns = 0;
  std::uint32_t boot = 0;
};

/// A copy reads the same bytes, from where the original stands.
class CallLogReader {
 public:
  /// Opens the log and fixes its end: what is written later is not read. Fails when the file is no call log.
  static Result<CallLogReader> open(const std::filesystem::path& path);

  /// The next attempt, in the order in which they ended; false at the end. A record cut off at the end of
  /// the file is left out. Fails when the file is damaged, naming the byte.
  Result<bool> next(LoggedCall& call);
  /// Reads from the start again.
  void rewind();

  const std::vector<LoggedSession>& sessions() const { return sessions_; }  ///< Those met so far.
  std::int64_t lost() const { return lost_; }  ///< Records the writer could not write, as far as read.
  bool torn() const { return bytes_ % static_cast<std::int64_t>(kCallRecordBytes) != 0; }

 private:
  Result<bool> fill();
  Result<void> take_control(const RawCallRecord& record);
  Error damaged(const char* found) const;

  std::filesystem::path path_;
  std::shared_ptr<const int> fd_;
  std::int64_t bytes_ = 0;   ///< Of the file, when it was opened.
  std::int64_t offset_ = 0;  ///< Of the first byte that is not in the buffer yet.
  std::vector<unsigned char> buffer_;
  std::size_t at_ = 0;
  std::vector<LoggedSession> sessions_;
  std::int64_t lost_ = 0;
  std::int64_t weight_ = 1;
};

}  // namespace rowcall::telemetry
