// SPDX-License-Identifier: Apache-2.0
// One value of an Arrow column as text: JSON for bodies, plain text for addresses and headers.
//
// The type of a column is looked up once, when a `CellWriter` is made; writing a cell is then one switch.
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/arrow.h"
#include "rowcall/error.h"

struct ArrowArrayView;  // nanoarrow's; only this room looks inside

namespace rowcall::table {

class CellWriter {
 public:
  /// Fails for a type that has no text form; the error names the column.
  static Result<CellWriter> make(const ArrowSchema& schema);

  /// Appends the JSON form of value `i`: integers and decimals exact, times as ISO 8601, binary as base64,
  /// null as null, lists, structs and maps nested. Text is assumed to be UTF-8.
  void append_json(std::string& out, const ArrowArrayView& view, std::int64_t i) const;
  /// Appends the plain form: text as it is, nothing for null, JSON for nested values, else as in JSON but
  /// without quotes.
  void append_text(std::string& out, const ArrowArrayView& view, std::int64_t i) const;
  /// True when values are text and may hold anything a string can.
  bool is_text() const;

 private:
  enum class Kind {
    kNull,
    kBool,
    kInt,
    kUint,
    kFloat,
    kDouble,
    kText,
    kRawJson,
    kBinary,
    kUuid,
    kDecimal,
    kDate32,
    kDate64,
    kTimestamp,
    kTime,
    kDuration,
    kInterval,
    kList,
    kFixedList,
    kListView,
    kStruct,
    kMap,
    kUnion,
    kDictionary,
    kRunEnd,
  };

  Result<void> init(const ArrowSchema& schema, const std::string& column);
  Result<void> init_children(const ArrowSchema& schema, const std::string& column);
  void append_scalar(std::string& out, const ArrowArrayView& view, std::int64_t i) const;
  void append_nested(std::string& out, const ArrowArrayView& view, std::int64_t i) const;
  void append_items(std::string& out, const ArrowArrayView& view, std::int64_t from, std::int64_t to) const;
  void append_struct(std::string& out, const ArrowArrayView& view, std::int64_t i) const;
  void append_map(std::string& out, const ArrowArrayView& view, std::int64_t i) const;
  bool quoted() const;

  Kind kind_ = Kind::kNull;
  std::int64_t per_second_ = 1;  // times and durations
  bool utc_ = false;
  int precision_ = 0;
  int scale_ = 0;
  int bits_ = 0;                // decimals
  std::int64_t list_size_ = 0;  // fixed-size lists
  int interval_type_ = 0;
  std::vector<std::string> keys_;  // struct fields as "\"name\":"
  std::vector<CellWriter> children_;
};

}  // namespace rowcall::table
