// SPDX-License-Identifier: Apache-2.0
#include "files/text_window.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/utf8.h"

namespace rowcall::files {
namespace {

constexpr std::size_t kChunk = 256 << 10;

std::size_t less(std::size_t from, std::size_t by) {
  return from > by ? from - by : 0;
}

}  // namespace

TextWindow::TextWindow(ByteStream stream, std::int64_t offset)
    : stream_(std::move(stream)), offset_(offset) {}

// Makes room for `more` bytes behind what is there. The buffer grows while a record does not fit, and goes
// back to its usual size after a very long one.
void TextWindow::make_room(std::size_t more) {
  std::size_t kept = end_ - begin_;
  std::size_t fitting = std::bit_ceil(kept + more);
  if (capacity_ < kept + more || capacity_ > 2 * fitting) {
    auto buffer = std::make_unique_for_overwrite<char[]>(fitting + simdjson::SIMDJSON_PADDING);
    if (kept > 0) std::memcpy(buffer.get(), buffer_.get() + begin_, kept);
    std::memset(buffer.get() + fitting, 0, simdjson::SIMDJSON_PADDING);
    buffer_ = std::move(buffer);
    capacity_ = fitting;
  } else if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, kept);
  }
  begin_ = 0;
  end_ = kept;
}

Result<void> TextWindow::read_more() {
  if (error_) return failure(*error_);
  if (ended_) return {};
  // As much as there is already, so that a long record is looked at again only a few times.
  std::size_t want = std::max(end_ - begin_, kChunk);
  make_room(want);
  std::size_t before = end_;
  while (want > 0) {
    Result<std::size_t> got = stream_.read(buffer_.get() + end_, want);
    if (!got) {
      error_ = std::move(got).error();
      if (end_ == before) return failure(*error_);
      break;  // what came before the error is given out first
    }
    ended_ = *got == 0;
    if (ended_) break;
    end_ += *got;
    want -= *got;
    if (want < kChunk) break;  // a pipe gives what it has
  }
  return {};
}

void TextWindow::pass(std::size_t bytes) {
  begin_ += bytes;
  offset_ += static_cast<std::int64_t>(bytes);
  text_ahead_ = less(text_ahead_, bytes);
  suspect_ahead_ = less(suspect_ahead_, bytes);
}

bool TextWindow::is_text(std::size_t bytes) {
  if (bytes <= text_ahead_) return true;
  if (bytes > suspect_ahead_) {
    // A line's end is never inside a character.
    std::size_t lines = rest().rfind('\n') + 1;
    if (lines >= bytes) {
      (is_utf8(rest().substr(0, lines)) ? text_ahead_ : suspect_ahead_) = lines;
      if (text_ahead_ >= bytes) return true;
    }
  }
  return is_utf8(rest().substr(0, bytes));
}

}  // namespace rowcall::files
