// SPDX-License-Identifier: Apache-2.0
// For the tests of this room: a pseudo-terminal, and what a user would see on it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace rowcall::telemetry {

/// Understands what the console writes: carriage return, line feed, cursor up, erase to the end of line and
/// of screen, colours. Anything else fails the test. ASCII only; never scrolls.
class Screen {
 public:
  explicit Screen(int columns = 80, int rows = 24) {
    winsize size{};
    size.ws_col = static_cast<unsigned short>(columns);
    size.ws_row = static_cast<unsigned short>(rows);
    EXPECT_EQ(::openpty(&user_, &program_, nullptr, nullptr, &size), 0);
    ::fcntl(user_, F_SETFL, O_NONBLOCK);
  }
  ~Screen() {
    ::close(user_);
    if (program_ >= 0) ::close(program_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Where the program writes.
  int fd() const { return program_; }

  /// The lines to be seen, without blanks at their ends.
  std::vector<std::string> lines() {
    read_all();
    std::vector<std::string> out = lines_;
    for (std::string& line : out) line.erase(line.find_last_not_of(' ') + 1);
    while (!out.empty() && out.back().empty()) out.pop_back();
    return out;
  }
  const std::string& bytes() {
    read_all();
    return bytes_;
  }

 private:
  // Bytes arrive when the kernel gets to it, so a mark is sent after them and waited for.
  void read_all() {
    constexpr char mark = '\x06';
    ASSERT_EQ(::write(program_, &mark, 1), 1);
    char buffer[4096];
    pollfd entry{user_, POLLIN, 0};
    do {
      ASSERT_GT(::poll(&entry, 1, 10'000), 0);
      ssize_t n = ::read(user_, buffer, sizeof buffer);
      ASSERT_GT(n, 0);
      bytes_.append(buffer, static_cast<std::size_t>(n));
    } while (bytes_.back() != mark);
    bytes_.pop_back();
    while (at_ < bytes_.size()) step();
  }

  void step() {
    char c = bytes_[at_++];
    if (c == '\r') {
      column_ = 0;
    } else if (c == '\n') {
      ++row_;
    } else if (c == '\x1b') {
      sequence();
    } else {
      lines_.resize(std::max(lines_.size(), row_ + 1));
      std::string& line = lines_[row_];
      if (line.size() <= column_) line.resize(column_ + 1, ' ');
      line[column_++] = c;
    }
  }

  void sequence() {
    std::size_t end = bytes_.find_first_of("AKJm", at_);
    ASSERT_NE(end, std::string::npos);
    std::string number = bytes_.substr(at_ + 1, end - at_ - 1);
    char what = bytes_[end];
    at_ = end + 1;
    lines_.resize(std::max(lines_.size(), row_ + 1));
    if (what == 'A') row_ -= std::min(row_, static_cast<std::size_t>(std::atoi(number.c_str())));
    if (what == 'K' || what == 'J') lines_[row_].resize(std::min(lines_[row_].size(), column_));
    if (what == 'J') lines_.resize(row_ + 1);
  }

  int user_ = -1, program_ = -1;
  std::string bytes_;
  std::size_t at_ = 0;
  std::vector<std::string> lines_;
  std::size_t row_ = 0, column_ = 0;
};

}  // namespace rowcall::telemetry
