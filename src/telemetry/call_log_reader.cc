// SPDX-License-Identifier: Apache-2.0
#include "telemetry/call_log_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/disk.h"
#include "base/try.h"

namespace rowcall::telemetry {
namespace {

constexpr std::size_t kReadBytes = 10'000 * kCallRecordBytes;

}  // namespace

Result<CallLogReader> CallLogReader::open(const std::filesystem::path& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failure(disk_error(path, "opening", errno));
  CallLogReader reader;
  reader.path_ = path;
  reader.fd_ = std::shared_ptr<const int>(new int(fd), [](const int* held) {
    ::close(*held);
    delete held;
  });
  struct stat status{};
  if (::fstat(fd, &status) != 0) return failure(disk_error(path, "reading", errno));
  reader.bytes_ = status.st_size;
  char start[kCallLogMagic.size()] = {};
  ssize_t n = ::pread(fd, start, sizeof start, 0);
  if (n < 0) return failure(disk_error(path, "reading", errno));
  if (std::string_view(start, static_cast<std::size_t>(n)) != kCallLogMagic) {
    Error error;
    error.code = ErrorCode::kInput;
    error.place = path.string();
    error.found = n == 0 ? "an empty file" : "a file that is not a call log";
    error.expected = "\"rowcall calls 1\" at its start";
    error.mend = "Name the calls.log of a run directory.";
    return failure(std::move(error));
  }
  reader.rewind();
  return reader;
}

void CallLogReader::rewind() {
  offset_ = static_cast<std::int64_t>(kCallRecordBytes);
  buffer_.clear();
  at_ = 0;
  sessions_.clear();
  lost_ = 0;
  weight_ = 1;
}

// Reads whole records into the empty buffer; false at the end of the file.
Result<bool> CallLogReader::fill() {
  std::int64_t record = static_cast<std::int64_t>(kCallRecordBytes);
  std::int64_t left = (bytes_ - offset_) / record * record;
  if (left <= 0) return false;
  buffer_.resize(static_cast<std::size_t>(std::min<std::int64_t>(left, kReadBytes)));
  at_ = 0;
  std::size_t have = 0;
  while (have < buffer_.size()) {
    ssize_t n = ::pread(*fd_, buffer_.data() + have, buffer_.size() - have, offset_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure(disk_error(path_, "reading", errno));
    if (n == 0) return failure(damaged("the file became shorter while it was read"));
    have += static_cast<std::size_t>(n);
    offset_ += n;
  }
  return true;
}

Result<bool> CallLogReader::next(LoggedCall& call) {
  for (;;) {
    if (at_ == buffer_.size()) {
      TRY(bool more, fill());
      if (!more) return false;
    }
    RawCallRecord record = decode(buffer_.data() + at_);
    at_ += kCallRecordBytes;
    if (record.flags & kControl) {
      TRY_VOID(take_control(record));
      continue;
    }
    unsigned outcome = record.flags & 7u;
    if (outcome >= kOutcomeClasses) return failure(damaged("a record of an unknown outcome"));
    if (sessions_.empty()) return failure(damaged("a call before the start of a session"));
    call.sent_ns = sessions_.back().began_ns + static_cast<std::int64_t>(record.first);
    call.row = static_cast<std::int64_t>(record.second);
    call.latency_us = record.third;
    call.status = record.fourth;
    call.attempt = record.attempt;
    call.outcome = static_cast<OutcomeClass>(outcome);
    call.error = static_cast<TransportError>(record.flags >> 3 & 15u);
    call.weight = weight_;
    call.session = static_cast<int>(sessions_.size()) - 1;
    return true;
  }
}

Result<void> CallLogReader::take_control(const RawCallRecord& record) {
  auto first = static_cast<std::int64_t>(record.first);
  auto second = static_cast<std::int64_t>(record.second);
  switch (static_cast<CallControl>(record.flags & ~kControl)) {
    case CallControl::kSession: {
      LoggedSession session{first, {}, second, record.third};
      for (const LoggedSession& earlier : sessions_) {
        if (earlier.boot == 0 || earlier.boot != session.boot) continue;
        session.began_ns = earlier.began_ns + (session.monotonic_ns - earlier.monotonic_ns);
        break;
      }
      sessions_.push_back(std::move(session));
      weight_ = 1;
      return {};
    }
    case CallControl::kLimit:
      if (sessions_.empty()) return failure(damaged("a limit before the start of a session"));
      if (first <= 0 || second <= 0) return failure(damaged("a limit of no calls or of no time"));
      sessions_.back().limits.push_back(
          {first, Duration(second), renewal_of(record.third), record.attempt == 1});
      return {};
    case CallControl::kGap: lost_ += first; return {};
    case CallControl::kWeight:
      if (first <= 0) return failure(damaged("a call that weighs nothing"));
      weight_ = first;
      return {};
  }
  return failure(damaged("a record of an unknown kind"));
}

Error CallLogReader::damaged(const char* found) const {
  Error error;
  error.code = ErrorCode::kInput;
  std::int64_t byte = offset_ - static_cast<std::int64_t>(buffer_.size() - at_ + kCallRecordBytes);
  error.place = path_.string() + ", byte " + std::to_string(std::max<std::int64_t>(byte, 0));
  error.found = found;
  error.mend = "The file is damaged, or was written by a newer rowcall.";
  return error;
}

}  // namespace rowcall::telemetry
