// SPDX-License-Identifier: Apache-2.0
#include "telemetry/call_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/assert.h"
#include "base/disk.h"
#include "telemetry/attempt_time.h"

namespace rowcall::telemetry {
namespace {

template <class To>
To saturated(std::int64_t value) {
  return static_cast<To>(std::clamp<std::int64_t>(value, 0, std::numeric_limits<To>::max()));
}

std::uint64_t nanoseconds(Duration d) {
  return static_cast<std::uint64_t>(d.count());
}

Error not_ours(const std::filesystem::path& path) {
  Error error;
  error.code = ErrorCode::kInput;
  error.place = path.string();
  error.found = "a file that is not a call log";
  error.expected = "\"rowcall calls 1\" at its start";
  error.mend = "Move it away, or name another run directory.";
  return error;
}

Error in_use(const std::filesystem::path& path) {
  Error error;
  error.code = ErrorCode::kStorage;
  error.place = path.string();
  error.found = "another run is writing to it";
  error.mend = "Wait until that run has ended, or name another run directory.";
  return error;
}

// The file's length in whole records, after cutting off a torn one; 0 for a new file.
Result<std::int64_t> repaired_size(int fd, const std::filesystem::path& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return failure(disk_error(path, "reading", errno));
  char start[kCallLogMagic.size()] = {};
  ssize_t n = ::pread(fd, start, sizeof start, 0);
  if (n < 0) return failure(disk_error(path, "reading", errno));
  std::string_view found(start, static_cast<std::size_t>(n));
  if (!kCallLogMagic.starts_with(found)) return failure(not_ours(path));
  std::int64_t size = status.st_size;
  std::int64_t whole = size - size % static_cast<std::int64_t>(kCallRecordBytes);
  if (whole != size && ::ftruncate(fd, whole) != 0) {
    return failure(disk_error(path, "cutting off a half-written record", errno));
  }
  return whole;
}

}  // namespace

std::uint32_t boot_mark() {
  static const std::uint32_t mark = [] {
    auto text = read_file("/proc/sys/kernel/random/boot_id");
    if (!text || text->empty()) return std::uint32_t{0};
    std::uint32_t hash = 2166136261u;  // FNV-1a
    for (char c : *text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    return std::max(hash, std::uint32_t{1});
  }();
  return mark;
}

CallLog::CallLog(std::filesystem::path path, int fd, std::int64_t size, Trouble trouble)
    : path_(std::move(path)), fd_(fd), size_(size), trouble_(std::move(trouble)) {
  buffer_.reserve(kBufferBytes);
}

CallLog::~CallLog() {
  flush();
  ::close(fd_);
}

Result<std::unique_ptr<CallLog>> CallLog::open(const std::filesystem::path& path, Trouble trouble) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return failure(disk_error(path, "opening", errno));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    Error error = errno == EWOULDBLOCK ? in_use(path) : disk_error(path, "locking", errno);
    ::close(fd);
    return failure(std::move(error));
  }
  auto size = repaired_size(fd, path);
  if (!size) {
    ::close(fd);
    return failure(std::move(size).error());
  }
  return std::unique_ptr<CallLog>(new CallLog(path, fd, *size, std::move(trouble)));
}

void CallLog::begin(const Session& session, std::span<const RateLimit> limits) {
  origin_ = session.at;
  begun_ = true;
  weight_ = 1;
  std::uint64_t wall = nanoseconds(session.wall.time_since_epoch());
  if (size_ == 0) {
    buffer_.insert(buffer_.end(), kCallLogMagic.begin(), kCallLogMagic.end());
    buffer_.resize(kCallRecordBytes);
    put_little_endian(buffer_.data() + kCallLogMagic.size(), wall);
  }
  put({wall, nanoseconds(session.at.time_since_epoch()), session.boot, 0, 0,
       control_flags(CallControl::kSession)});
  std::uint16_t index = 0;
  for (const RateLimit& limit : limits) {
    put({static_cast<std::uint64_t>(limit.calls), nanoseconds(limit.period), renewal_code(limit.renewal),
         index++, static_cast<std::uint8_t>(limit.unweighted), control_flags(CallControl::kLimit)});
  }
  flush();
}

void CallLog::add(const AttemptEnded& attempt) {
  ROWCALL_ASSERT(begun_, "an attempt before the start of the run");
  const Reply& reply = attempt.reply;
  if (!reply.on_wire) return;
  if (attempt.weight != weight_) {
    RawCallRecord record{static_cast<std::uint64_t>(attempt.weight), 0, 0, 0, 0,
                         control_flags(CallControl::kWeight)};
    if (!push(record)) return;
    weight_ = attempt.weight;
  }
  push({nanoseconds(sent_at(reply) - origin_), static_cast<std::uint64_t>(attempt.row),
        saturated<std::uint32_t>(time_taken(reply) / std::chrono::microseconds(1)),
        saturated<std::uint16_t>(reply.status), saturated<std::uint8_t>(attempt.attempt),
        call_flags(attempt.outcome, reply.error)});
}

// A record counts as lost only when the buffer is full and the disk takes nothing.
bool CallLog::push(const RawCallRecord& record) {
  if (buffer_.size() >= kBufferBytes) flush();
  if (buffer_.size() >= kBufferBytes) {
    ++lost_;
    ++lost_unsaid_;
    return false;
  }
  put(record);
  return true;
}

void CallLog::put(const RawCallRecord& record) {
  std::size_t end = buffer_.size();
  buffer_.resize(end + kCallRecordBytes);
  encode(record, buffer_.data() + end);
}

void CallLog::flush() {
  while (!buffer_.empty()) {
    ssize_t n = ::write(fd_, buffer_.data(), buffer_.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tell(disk_error(path_, "writing", errno));
    // Only whole records stay in the file, so that whatever comes next stands at its place.
    std::size_t whole = static_cast<std::size_t>(n) / kCallRecordBytes * kCallRecordBytes;
    size_ += static_cast<std::int64_t>(whole);
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(whole));
    if (whole != static_cast<std::size_t>(n) && ::ftruncate(fd_, size_) != 0) {
      return tell(disk_error(path_, "cutting off a half-written record", errno));
    }
    // The part of a record that would still fit would be cut off again and again.
    if (whole == 0) return tell(disk_error(path_, "writing", ENOSPC));
    if (buffer_.empty() && lost_unsaid_ > 0) {
      put({static_cast<std::uint64_t>(std::exchange(lost_unsaid_, 0)), 0, 0, 0, 0,
           control_flags(CallControl::kGap)});
    }
  }
}

void CallLog::end() {
  flush();
  if (!buffer_.empty()) give_up();
}

void CallLog::give_up() {
  auto unsaid = static_cast<std::uint64_t>(std::exchange(lost_unsaid_, 0));
  for (std::size_t at = 0; at < buffer_.size(); at += kCallRecordBytes) {
    RawCallRecord record = decode(buffer_.data() + at);
    if ((record.flags & kControl) == 0) {
      ++unsaid;
      ++lost_;
    } else if (record.flags == control_flags(CallControl::kGap)) {
      unsaid += record.first;
    }
  }
  buffer_.clear();
  // Another descriptor: what is written to this one goes to the end, wherever it should.
  int fd = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  std::array<unsigned char, kCallRecordBytes> last{};
  off_t place = size_ - static_cast<off_t>(kCallRecordBytes);
  bool call = place > 0 &&
              ::pread(fd, last.data(), last.size(), place) == static_cast<ssize_t>(last.size()) &&
              (decode(last.data()).flags & kControl) == 0;
  if (call) {
    encode({unsaid + 1, 0, 0, 0, 0, control_flags(CallControl::kGap)}, last.data());
    if (::pwrite(fd, last.data(), last.size(), place) == static_cast<ssize_t>(last.size())) ++lost_;
  }
  ::close(fd);
}

void CallLog::tell(const Error& error) {
  if (std::exchange(told_, true) || !trouble_) return;
  trouble_(error);
}

}  // namespace rowcall::telemetry
