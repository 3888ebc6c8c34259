// SPDX-License-Identifier: Apache-2.0
// The type of a JSON key's column, found from the values of a sample.
//
// Plain data; belongs to one thread at a time.
#pragma once

#include "files/json_record.h"
#include "table/column_type.h"

namespace rowcall::files {

class JsonGuess {
 public:
  void see(const JsonMember& member);
  /// A scalar type when all values are of one kind and it keeps them whole; else JSON text.
  table::ColumnType type() const;

 private:
  bool boolean_ = false;
  bool string_ = false;
  bool integer_ = false;
  bool real_ = false;
  bool nested_ = false;
  bool fits_integer_ = true;  // all integers seen fit into 64 bits
  bool fits_real_ = true;     // a double keeps all digits of all numbers seen
};

}  // namespace rowcall::files
