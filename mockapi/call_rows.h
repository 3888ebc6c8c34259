// SPDX-License-Identifier: Apache-2.0
// The rows in the body of a call: where each begins and ends, and its "id", exactly as sent.
//
// A scanner of its own, because a call must be checked to its last byte (a client that sends broken JSON is
// to be told so) while numbers and texts stay as they were written, which parsers do not keep. Pure; any
// thread.
#pragma once

#include <string_view>
#include <vector>

namespace rowcall::mockapi {

struct CallRow {
  std::string_view text;  ///< The row as sent, without blanks around it.
  std::string_view id;    ///< The JSON text of its member "id" if that is a scalar; else empty.
  bool refuse = false;    ///< It has the member "refuse": true.
};

/// What a body is found to be. Views point into it.
struct CallRows {
  enum class Kind { kOther, kOne, kArray };
  Kind kind = Kind::kOther;   ///< kOther: not JSON; `rows` has one row, the whole body.
  std::vector<CallRow> rows;  ///< Kept between calls, for its memory.
};

/// Finds the rows of `body`. A JSON array is several rows, any other JSON value is one.
void find_rows(std::string_view body, CallRows& found);

}  // namespace rowcall::mockapi
