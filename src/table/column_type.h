// SPDX-License-Identifier: Apache-2.0
// The types an answer's column can be declared with.
//
// Plain data; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowcall::table {

enum class TypeId {
  kString,  ///< utf8
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat,
  kDouble,
  kDate,       ///< date32
  kTimestamp,  ///< timestamp[us, UTC]
  kDecimal,    ///< decimal128(precision, scale)
  kJson,       ///< utf8 holding JSON text, marked as the extension type arrow.json
};

struct ColumnType {
  TypeId id = TypeId::kString;
  int precision = 0;  ///< kDecimal: digits in all, 1 to 38.
  int scale = 0;      ///< kDecimal: digits after the point, 0 to precision.

  /// Reads "string", "int64", "decimal(10,2)" and so on; nothing for any other text.
  static std::optional<ColumnType> parse(std::string_view text);
  /// The text that `parse` reads.
  std::string text() const;
  bool operator==(const ColumnType&) const = default;
};

/// "string, bool, int32, ...": for error texts.
extern const std::string_view kColumnTypes;

/// A 128-bit integer in two words, the lower one first.
struct Decimal128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

/// The value of a decimal number such as "-12.5" or "1.25e3" times 10^scale; nothing when the text is no
/// number, needs more digits after the point than `scale`, or more in all than `precision`.
std::optional<Decimal128> parse_decimal(std::string_view text, int precision, int scale);

}  // namespace rowcall::table
