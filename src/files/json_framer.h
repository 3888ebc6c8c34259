// SPDX-License-Identifier: Apache-2.0
// Where one JSON record ends and the next begins: a line each, or the items of one array.
//
// Looks at quotes and brackets only, so a broken record does not hide the ones behind it. A value: copy it to
// look ahead. Belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rowcall::files {

/// A record in the text that was looked at.
struct JsonFrame {
  std::size_t begin = 0;  ///< Where the record begins.
  std::size_t end = 0;    ///< Behind its last byte.
  std::size_t next = 0;   ///< Where to look for the next one.
};

enum class JsonStep {
  kRecord,
  kMore,    ///< More text is needed; `begin` says how far nothing of the text is needed any more.
  kEnd,     ///< No record is left.
  kBroken,  ///< `begin` is where the array's commas and brackets are not as they should be.
};

class JsonFramer {
 public:
  enum class Kind { kLines, kArray };
  explicit JsonFramer(Kind kind, bool at_start = true)
      : kind_(kind), expect_(at_start ? Expect::kArray : Expect::kComma) {}

  /// Finds the next record of `text`, which begins where the last frame said `next`. `whole`: nothing will
  /// follow `text`.
  JsonStep next(std::string_view text, bool whole, JsonFrame& frame);

  /// Begins to pass over a record that is too long to be kept. Its text is given to `skip` from its begin on.
  void begin_skip();
  /// True when the record ends in `text`; `bytes` are then those up to behind its end, else all of `text`.
  bool skip(std::string_view text, std::size_t& bytes);

  /// What would have been right, after kBroken.
  const char* expected() const;

 private:
  enum class Expect { kArray, kFirst, kItem, kComma, kNothing };

  JsonStep next_line(std::string_view text, bool whole, JsonFrame& frame);
  JsonStep next_item(std::string_view text, bool whole, JsonFrame& frame);
  bool scan(std::string_view text, std::size_t& at);

  Kind kind_;
  Expect expect_;
  // Inside an item:
  int depth_ = 0;
  bool quoted_ = false;
  bool escaped_ = false;
};

}  // namespace rowcall::files
