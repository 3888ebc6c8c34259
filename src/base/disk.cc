// SPDX-License-Identifier: Apache-2.0
#include "base/disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/try.h"

namespace rowcall {
namespace fs = std::filesystem;
namespace {

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<void> write_all(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure(disk_error(path, "writing", errno));
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd) != 0) return failure(disk_error(path, "syncing", errno));
  return {};
}

}  // namespace

Error disk_error(const fs::path& path, std::string_view doing, int error_number) {
  Error error;
  error.code = ErrorCode::kStorage;
  error.place = path.string();
  error.found = std::string(doing) + " failed: " + std::strerror(error_number);
  switch (error_number) {
    case ENOENT:
      error.code = ErrorCode::kNotFound;
      error.mend = "Check the path.";
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      error.code = ErrorCode::kDenied;
      error.mend = "Give this user the right to it, or name another place.";
      break;
    case ENOSPC:
    case EDQUOT:
      error.mend = "Free some space, or name a place on another disk; then run the same command again.";
      break;
    case EFBIG:
      error.mend = "Raise the limit of a file's size (ulimit -f); then run the same command again.";
      break;
    case EMFILE:
    case ENFILE:
      error.mend = "Raise the limit of open files (ulimit -n), or lower limits.in_flight_max.";
      break;
    default: break;
  }
  return error;
}

Result<std::string> read_file(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failure(disk_error(path, "opening", errno));
  std::string content;
  char buffer[65536];
  for (;;) {
    ssize_t n = ::read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure(disk_error(path, "reading", errno));
    if (n == 0) return content;
    content.append(buffer, static_cast<std::size_t>(n));
  }
}

Result<void> sync_folder(const fs::path& folder) {
  fs::path where = folder.empty() ? fs::path(".") : folder;
  Descriptor fd(::open(where.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return failure(disk_error(where, "opening", errno));
  if (::fsync(fd.get()) != 0) return failure(disk_error(where, "syncing", errno));
  return {};
}

Result<void> write_file(const fs::path& path, std::string_view content) {
  fs::path beside = path;
  beside += ".tmp";
  {
    Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) return failure(disk_error(beside, "creating", errno));
    if (auto written = write_all(file.get(), content, beside); !written) {
      ::unlink(beside.c_str());
      return written;
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    Error error = disk_error(path, "renaming onto", errno);
    ::unlink(beside.c_str());
    return failure(std::move(error));
  }
  return sync_folder(path.parent_path());
}

Result<void> make_folder(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code && !fs::is_directory(path)) return failure(disk_error(path, "creating the folder", code.value()));
  return {};
}

}  // namespace rowcall
