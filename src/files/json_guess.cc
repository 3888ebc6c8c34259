// SPDX-License-Identifier: Apache-2.0
#include "files/json_guess.h"

#include "files/cell_value.h"

namespace rowcall::files {

using table::TypeId;

void JsonGuess::see(const JsonMember& member) {
  std::int64_t integer = 0;
  double real = 0;
  switch (member.kind) {
    case JsonKind::kNull: return;
    case JsonKind::kBool: boolean_ = true; return;
    case JsonKind::kString: string_ = true; return;
    case JsonKind::kNested: nested_ = true; return;
    case JsonKind::kInteger:
      integer_ = true;
      fits_integer_ = fits_integer_ && exact_int(member.raw, integer);
      break;
    case JsonKind::kReal: real_ = true; break;
  }
  fits_real_ = fits_real_ && exact_json_double(member.raw, real);
}

table::ColumnType JsonGuess::type() const {
  int kinds = (boolean_ ? 1 : 0) + (string_ ? 1 : 0) + (integer_ || real_ ? 1 : 0) + (nested_ ? 1 : 0);
  if (kinds == 1 && boolean_) return {TypeId::kBool, 0, 0};
  if (kinds == 1 && string_) return {TypeId::kString, 0, 0};
  if (kinds == 1 && integer_ && !real_ && fits_integer_) return {TypeId::kInt64, 0, 0};
  if (kinds == 1 && real_ && fits_real_) return {TypeId::kDouble, 0, 0};
  return {TypeId::kJson, 0, 0};
}

}  // namespace rowcall::files
