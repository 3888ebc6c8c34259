// SPDX-License-Identifier: Apache-2.0
#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/disk.h"

namespace rowcall {
namespace {

// `is_taken` holds the lock for some microseconds, which must stop nobody.
int lock_now(int file) {
  int code = -1;
  for (int tries = 0; tries < 5 && code != 0; ++tries) {
    if (tries > 0) ::usleep(1000);
    code = ::flock(file, LOCK_EX | LOCK_NB);
  }
  return code;
}

}  // namespace

Result<std::optional<FileLock>> FileLock::take(const std::filesystem::path& path) {
  std::optional<FileLock> lock;
  int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return failure(disk_error(path, "creating", errno));
  if (lock_now(file) == 0) {
    lock = FileLock(file);
    return lock;
  }
  int why = errno;
  ::close(file);
  if (why != EWOULDBLOCK) return failure(disk_error(path, "locking", why));
  return lock;
}

bool FileLock::is_taken(const std::filesystem::path& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool taken = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return taken;
}

FileLock::FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

FileLock::~FileLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace rowcall
