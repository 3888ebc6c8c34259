// SPDX-License-Identifier: Apache-2.0
// One cell of a text file as a value of a type.
//
// "Exact" is how a type that was found from a sample is read: only text that the value would give back, so
// that "00501" is no integer and 19 digits are no double. A declared type is read more freely: its user
// knows.
//
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "table/column_type.h"

namespace rowcall::files {

struct CellValue {
  bool null = true;
  std::int64_t integer = 0;   ///< Integers (kUint64 as the same bits), kBool, kDate (days), kTimestamp (us).
  double real = 0;            ///< kFloat and kDouble.
  table::Decimal128 decimal;  ///< kDecimal.
  std::string_view text;      ///< kString and kJson; looks into the cell.
};

/// Reads a cell that is not null; false when it does not fit. kJson is taken as it is.
bool read_cell(std::string_view text, const table::ColumnType& type, bool exact, CellValue& out);

/// "-5" and "0", but not "+5", "05", "-0" or anything beyond 64 bits.
bool exact_int(std::string_view text, std::int64_t& out);

/// A number, written as in JSON, that a double keeps every digit of. An exponent must have a sign: "1E5" may
/// be a name.
bool exact_double(std::string_view text, double& out);
/// The same inside JSON, where "1E5" is a number and nothing else.
bool exact_json_double(std::string_view text, double& out);

/// True for a number as JSON writes it (RFC 8259, section 6).
bool is_json_number(std::string_view text);

/// Digits behind the point; -1 without a point.
int decimals_of(std::string_view number);

/// "an int64", "a double".
std::string with_article(const table::ColumnType& type);

}  // namespace rowcall::files
