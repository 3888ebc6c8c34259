// SPDX-License-Identifier: Apache-2.0
#include "telemetry/line_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/disk.h"

namespace rowcall::telemetry {
namespace {

// Where the last whole line ends.
std::int64_t whole_lines(int fd, std::int64_t size) {
  constexpr std::int64_t kStep = 4096;
  std::string piece;
  for (std::int64_t end = size; end > 0;) {
    std::int64_t from = end > kStep ? end - kStep : 0;
    piece.resize(static_cast<std::size_t>(end - from));
    ssize_t got = ::pread(fd, piece.data(), piece.size(), from);
    if (got != static_cast<ssize_t>(piece.size())) return size;
    auto at = piece.rfind('\n');
    if (at != std::string::npos) return from + static_cast<std::int64_t>(at) + 1;
    end = from;
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<LineFile>> LineFile::open(const std::filesystem::path& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return failure(disk_error(path, "open", errno));
  struct stat found{};
  std::int64_t size = ::fstat(fd, &found) == 0 ? found.st_size : 0;
  return std::unique_ptr<LineFile>(new LineFile(fd, whole_lines(fd, size)));
}

LineFile::~LineFile() {
  // Half a line may stand behind the whole ones.
  static_cast<void>(::ftruncate(fd_, size_));
  ::close(fd_);
}

void LineFile::add(std::string_view lines) {
  for (std::size_t done = 0; done < lines.size();) {
    ssize_t n =
        ::pwrite(fd_, lines.data() + done, lines.size() - done, size_ + static_cast<std::int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      ++lost_;
      return;
    }
    done += static_cast<std::size_t>(n);
  }
  size_ += static_cast<std::int64_t>(lines.size());
}

}  // namespace rowcall::telemetry
