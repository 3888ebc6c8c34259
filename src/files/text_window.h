// SPDX-License-Identifier: Apache-2.0
// The part of a text file that is in memory: what has been read of it and not yet been passed.
//
// Grows only as far as its reader asks for more without passing anything. Belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "rowcall/error.h"

#include "files/byte_stream.h"

namespace rowcall::files {

class TextWindow {
 public:
  /// `offset` is where `stream` stands in the file.
  TextWindow(ByteStream stream, std::int64_t offset);

  /// What has been read and not passed. Bytes behind it may be read, as simdjson does, but mean nothing.
  std::string_view rest() const { return {buffer_.get() + begin_, end_ - begin_}; }
  /// True when the file holds nothing behind `rest`.
  bool ended() const { return ended_; }
  /// Reads on: `rest` grows, unless the file has ended. Views into it become invalid. After
  /// an error every further call gives the same one; what was read before it can still be passed.
  Result<void> read_more();
  /// Leaves the first `bytes` of `rest` behind.
  void pass(std::size_t bytes);
  /// Where `rest` begins in the file, after unpacking.
  std::int64_t offset() const { return offset_; }

  /// True when the first `bytes` of `rest` are UTF-8. Looks ahead at whole lines at once, which makes a call
  /// for each record cheap.
  bool is_text(std::size_t bytes);

  /// Bytes of the file itself read so far, before unpacking.
  std::int64_t file_bytes() const { return stream_.file_bytes(); }

 private:
  void make_room(std::size_t more);

  ByteStream stream_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;  // without the padding behind it
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool ended_ = false;
  std::optional<Error> error_;
  std::int64_t offset_;
  std::size_t text_ahead_ = 0;     // bytes of `rest` known to be UTF-8
  std::size_t suspect_ahead_ = 0;  // bytes of `rest` known to hold something else somewhere
};

}  // namespace rowcall::files
