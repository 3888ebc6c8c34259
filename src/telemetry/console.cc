// SPDX-License-Identifier: Apache-2.0
#include "telemetry/console.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "telemetry/plain_text.h"
#include "telemetry/terminal.h"

namespace rowcall::telemetry {
namespace {

// A pipe that is ready takes this much without blocking (PIPE_BUF), and so does a terminal in practice.
constexpr std::size_t kWriteBytes = 4096;

bool ready(int fd, int patience_ms) {
  pollfd entry{fd, POLLOUT, 0};
  return ::poll(&entry, 1, patience_ms) > 0 && (entry.revents & (POLLOUT | POLLERR | POLLHUP)) != 0;
}

// Columns of a line with colour sequences in it.
int shown_columns(std::string_view line) {
  std::string bare;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\x1b') {
      bare += line[i];
      continue;
    }
    i = std::min(line.find('m', i), line.size() - 1);
  }
  return columns_of(bare);
}

}  // namespace

Console::~Console() {
  clear();
}

void Console::line(std::string_view text) {
  std::lock_guard lock(mutex_);
  if (gone_) return;
  if (waiting_.size() + text.size() > kWaitingBytesMax) {
    ++dropped_;
    pump(0);
    return;
  }
  wipe();
  if (dropped_ > 0) {
    waiting_ += "(" + std::to_string(dropped_) + " lines could not be shown)\n";
    dropped_ = 0;
  }
  waiting_ += text;
  waiting_ += '\n';
  draw();
  pump(0);
}

void Console::show(std::vector<std::string> lines) {
  std::lock_guard lock(mutex_);
  if (!live_ || gone_) return;
  frame_ = std::move(lines);
  pump(0);
  if (!waiting_.empty()) return;  // the terminal does not keep up: this frame is skipped
  draw();
  pump(0);
}

void Console::clear() {
  std::lock_guard lock(mutex_);
  frame_.clear();
  wipe();
  for (int i = 0; i < 10 && !waiting_.empty() && !gone_; ++i) pump(100);
}

// Back to the first column of the display's first row, and everything below away. When the terminal has
// become narrower, the lines drawn before take more rows now.
void Console::wipe() {
  if (drawn_.empty()) return;
  int columns = terminal_size(fd_).columns;
  int rows_up = -1;
  for (int width : drawn_) rows_up += std::max(1, (width + columns - 1) / columns);
  if (rows_up > 0) waiting_ += "\x1b[" + std::to_string(rows_up) + "A";
  waiting_ += "\r\x1b[J";
  drawn_.clear();
}

// Draws over what is there: line by line, and only the rest of each line is wiped, so nothing flickers.
void Console::draw() {
  if (frame_.empty()) return;
  TerminalSize size = terminal_size(fd_);
  auto shown = std::min(frame_.size(), static_cast<std::size_t>(std::max(1, size.rows - 1)));
  bool narrower = std::ranges::any_of(drawn_, [&](int width) { return width > size.columns; });
  if (narrower) wipe();
  if (drawn_.size() > 1) waiting_ += "\x1b[" + std::to_string(drawn_.size() - 1) + "A";
  waiting_ += '\r';
  drawn_.clear();
  for (std::size_t i = 0; i < shown; ++i) {
    waiting_ += frame_[i];
    waiting_ += "\x1b[K";
    if (i + 1 < shown) waiting_ += '\n';
    drawn_.push_back(shown_columns(frame_[i]));
  }
  waiting_ += "\x1b[J";
}

void Console::pump(int patience_ms) {
  while (!waiting_.empty() && ready(fd_, patience_ms)) {
    ssize_t n = ::write(fd_, waiting_.data(), std::min(waiting_.size(), kWriteBytes));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      gone_ = true;
      waiting_.clear();
      return;
    }
    waiting_.erase(0, static_cast<std::size_t>(n));
  }
}

}  // namespace rowcall::telemetry
