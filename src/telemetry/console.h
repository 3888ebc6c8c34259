// SPDX-License-Identifier: Apache-2.0
// Standard error, shared by the live progress display and by lines that are to stay.
//
// A line that stays is written above the display: the display is wiped, the line written, the display
// drawn again, all in one write, so nothing tears or flickers. Nothing here blocks: when the terminal was
// stopped (Ctrl-S) or the reader of a pipe is slow, the display skips frames and up to 64 KB of lines wait;
// what is more is counted and the count is shown. The run must not stand still because nobody reads. A reader
// that went away silences the console; the program has to ignore SIGPIPE for that.
//
// Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace rowcall::telemetry {

class Console {
 public:
  /// Does not own `fd`. `live` false: `show` shows nothing.
  Console(int fd, bool live) : fd_(fd), live_(live) {}
  /// Wipes the display.
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// Writes a line that stays. `text` has no line break.
  void line(std::string_view text);
  /// Shows these lines instead of those shown so far; each must fit into the terminal's width. Lines beyond
  /// the terminal's height are left out.
  void show(std::vector<std::string> lines);
  /// Wipes the display, and waits up to a second for what is still to be written.
  void clear();

  int fd() const { return fd_; }

 private:
  void wipe();
  void draw();
  void pump(int patience_ms);

  static constexpr std::size_t kWaitingBytesMax = 65'536;

  const int fd_;
  const bool live_;
  std::mutex mutex_;
  bool gone_ = false;               ///< Nobody can read any more (closed pipe, lost terminal).
  std::string waiting_;             ///< Bytes on their way.
  std::int64_t dropped_ = 0;        ///< Lines there was no room for.
  std::vector<std::string> frame_;  ///< What should be on the display.
  std::vector<int> drawn_;          ///< Columns of each line on it, once `waiting_` has been written.
};

}  // namespace rowcall::telemetry
