// SPDX-License-Identifier: Apache-2.0
#include "table/cell.h"

#include <nanoarrow/nanoarrow.h>

#include <cstring>

#include "base/encode.h"
#include "base/json_text.h"
#include "base/try.h"
#include "base/uuid.h"
#include "table/calendar.h"
#include "table/nanoarrow_check.h"

namespace rowcall::table {
namespace {

std::string_view view_of(ArrowStringView text) {
  return text.data == nullptr ? std::string_view()
                              : std::string_view(text.data, static_cast<std::size_t>(text.size_bytes));
}

std::int64_t units_per_second(ArrowTimeUnit unit) {
  switch (unit) {
    case NANOARROW_TIME_UNIT_SECOND: return 1;
    case NANOARROW_TIME_UNIT_MILLI: return 1'000;
    case NANOARROW_TIME_UNIT_MICRO: return 1'000'000;
    case NANOARROW_TIME_UNIT_NANO: return 1'000'000'000;
  }
  return 1;
}

Error unsupported(const std::string& column, const std::string& found) {
  return {ErrorCode::kInput, "column \"" + column + "\"", found, "a type with a text form",
          "Cast the column, or leave it out."};
}

void append_decimal(std::string& out, const ArrowArrayView& view, std::int64_t i, int bits, int precision,
                    int scale) {
  ArrowDecimal decimal;
  ArrowDecimalInit(&decimal, bits, precision, scale);
  ArrowArrayViewGetDecimalUnsafe(&view, i, &decimal);
  ArrowBuffer buffer;
  ArrowBufferInit(&buffer);
  ROWCALL_NA(ArrowDecimalAppendStringToBuffer(&decimal, &buffer));
  out.append(reinterpret_cast<const char*>(buffer.data), static_cast<std::size_t>(buffer.size_bytes));
  ArrowBufferReset(&buffer);
}

void append_interval(std::string& out, const ArrowArrayView& view, std::int64_t i, int type) {
  ArrowInterval interval;
  ArrowIntervalInit(&interval, static_cast<ArrowType>(type));
  ArrowArrayViewGetIntervalUnsafe(&view, i, &interval);
  out += 'P';
  if (interval.months != 0) out += std::to_string(interval.months) + "M";
  if (interval.days != 0) out += std::to_string(interval.days) + "D";
  std::int64_t nanos = interval.ns + interval.ms * 1'000'000LL;
  if (nanos != 0 || out.back() == 'P') {
    std::string time;
    append_duration(time, nanos < 0 ? -nanos : nanos, 1'000'000'000);
    out += nanos < 0 ? "T-" + time.substr(2) : time.substr(1);
  }
}

// Where the run that holds logical position `i` is.
std::int64_t run_of(const ArrowArrayView& ends, std::int64_t i) {
  std::int64_t low = 0;
  std::int64_t high = ends.length;
  while (low < high) {
    std::int64_t middle = (low + high) / 2;
    if (ArrowArrayViewGetIntUnsafe(&ends, middle) > i) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace

Result<CellWriter> CellWriter::make(const ArrowSchema& schema) {
  CellWriter writer;
  TRY_VOID(writer.init(schema, schema.name == nullptr ? "" : schema.name));
  return writer;
}

Result<void> CellWriter::init(const ArrowSchema& schema, const std::string& column) {
  ArrowSchemaView v;
  ArrowError error;
  if (ArrowSchemaViewInit(&v, &schema, &error) != NANOARROW_OK) {
    return failure(unsupported(column, std::string("a type that is not understood: ") + error.message));
  }
  std::string_view extension = view_of(v.extension_name);
  ArrowStringView mark = ArrowCharView("");
  ArrowMetadataGetValue(schema.metadata, ArrowCharView("rowcall.type"), &mark);
  bool json = extension == "arrow.json" || view_of(mark) == "json";
  switch (v.type) {
    case NANOARROW_TYPE_NA: kind_ = Kind::kNull; return {};
    case NANOARROW_TYPE_BOOL: kind_ = Kind::kBool; return {};
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_INT64: kind_ = Kind::kInt; return {};
    case NANOARROW_TYPE_UINT8:
    case NANOARROW_TYPE_UINT16:
    case NANOARROW_TYPE_UINT32:
    case NANOARROW_TYPE_UINT64: kind_ = Kind::kUint; return {};
    case NANOARROW_TYPE_HALF_FLOAT:
    case NANOARROW_TYPE_FLOAT: kind_ = Kind::kFloat; return {};
    case NANOARROW_TYPE_DOUBLE: kind_ = Kind::kDouble; return {};
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW: kind_ = json ? Kind::kRawJson : Kind::kText; return {};
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_BINARY_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_BINARY:
      kind_ = extension == "arrow.uuid" && v.fixed_size == 16 ? Kind::kUuid : Kind::kBinary;
      return {};
    case NANOARROW_TYPE_DECIMAL32:
    case NANOARROW_TYPE_DECIMAL64:
    case NANOARROW_TYPE_DECIMAL128:
    case NANOARROW_TYPE_DECIMAL256:
      kind_ = Kind::kDecimal;
      bits_ = v.decimal_bitwidth;
      precision_ = v.decimal_precision;
      scale_ = v.decimal_scale;
      return {};
    case NANOARROW_TYPE_DATE32: kind_ = Kind::kDate32; return {};
    case NANOARROW_TYPE_DATE64: kind_ = Kind::kDate64; return {};
    case NANOARROW_TYPE_TIMESTAMP:
      kind_ = Kind::kTimestamp;
      per_second_ = units_per_second(v.time_unit);
      utc_ = v.timezone != nullptr && v.timezone[0] != '\0';
      return {};
    case NANOARROW_TYPE_TIME32:
    case NANOARROW_TYPE_TIME64:
      kind_ = Kind::kTime;
      per_second_ = units_per_second(v.time_unit);
      return {};
    case NANOARROW_TYPE_DURATION:
      kind_ = Kind::kDuration;
      per_second_ = units_per_second(v.time_unit);
      return {};
    case NANOARROW_TYPE_INTERVAL_MONTHS:
    case NANOARROW_TYPE_INTERVAL_DAY_TIME:
    case NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO:
      kind_ = Kind::kInterval;
      interval_type_ = v.type;
      return {};
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_LARGE_LIST: kind_ = Kind::kList; break;
    case NANOARROW_TYPE_FIXED_SIZE_LIST:
      kind_ = Kind::kFixedList;
      list_size_ = v.fixed_size;
      break;
    case NANOARROW_TYPE_LIST_VIEW:
    case NANOARROW_TYPE_LARGE_LIST_VIEW: kind_ = Kind::kListView; break;
    case NANOARROW_TYPE_STRUCT: kind_ = Kind::kStruct; break;
    case NANOARROW_TYPE_MAP: kind_ = Kind::kMap; break;
    case NANOARROW_TYPE_SPARSE_UNION:
    case NANOARROW_TYPE_DENSE_UNION: kind_ = Kind::kUnion; break;
    case NANOARROW_TYPE_RUN_END_ENCODED: kind_ = Kind::kRunEnd; break;
    case NANOARROW_TYPE_DICTIONARY: {
      kind_ = Kind::kDictionary;
      CellWriter values;
      TRY_VOID(values.init(*schema.dictionary, column));
      children_.push_back(std::move(values));
      return {};
    }
    default: return failure(unsupported(column, std::string("the type ") + ArrowTypeString(v.type)));
  }
  return init_children(schema, column);
}

Result<void> CellWriter::init_children(const ArrowSchema& schema, const std::string& column) {
  for (std::int64_t c = 0; c < schema.n_children; ++c) {
    const char* name = schema.children[c]->name;
    CellWriter child;
    TRY_VOID(child.init(*schema.children[c], column));
    children_.push_back(std::move(child));
    if (kind_ != Kind::kStruct) continue;
    std::string key;
    json::append_string(key, name == nullptr ? "" : name);
    keys_.push_back(key + ":");
  }
  return {};
}

bool CellWriter::is_text() const {
  return kind_ == Kind::kText || (kind_ == Kind::kDictionary && children_[0].is_text());
}

bool CellWriter::quoted() const {
  switch (kind_) {
    case Kind::kBinary:
    case Kind::kUuid:
    case Kind::kDate32:
    case Kind::kDate64:
    case Kind::kTimestamp:
    case Kind::kTime:
    case Kind::kDuration:
    case Kind::kInterval: return true;
    default: return false;
  }
}

void CellWriter::append_json(std::string& out, const ArrowArrayView& view, std::int64_t i) const {
  // Unions have no nulls of their own, runs neither: their children know.
  bool own_nulls = kind_ != Kind::kUnion && kind_ != Kind::kRunEnd;
  if (kind_ == Kind::kNull || (own_nulls && ArrowArrayViewIsNull(&view, i))) {
    out += "null";
  } else if (kind_ == Kind::kText) {
    json::append_string(out, view_of(ArrowArrayViewGetStringUnsafe(&view, i)));
  } else if (quoted()) {
    out += '"';
    append_scalar(out, view, i);
    out += '"';
  } else if (children_.empty() && kind_ != Kind::kStruct) {
    append_scalar(out, view, i);
  } else {
    append_nested(out, view, i);
  }
}

void CellWriter::append_text(std::string& out, const ArrowArrayView& view, std::int64_t i) const {
  if (kind_ == Kind::kDictionary && !ArrowArrayViewIsNull(&view, i)) {
    children_[0].append_text(out, *view.dictionary, ArrowArrayViewGetIntUnsafe(&view, i));
    return;
  }
  bool own_nulls = kind_ != Kind::kUnion && kind_ != Kind::kRunEnd;
  if (kind_ == Kind::kNull || (own_nulls && ArrowArrayViewIsNull(&view, i))) return;
  if (kind_ == Kind::kText) {
    out += view_of(ArrowArrayViewGetStringUnsafe(&view, i));
  } else if (quoted()) {
    append_scalar(out, view, i);
  } else {
    append_json(out, view, i);
  }
}

void CellWriter::append_scalar(std::string& out, const ArrowArrayView& view, std::int64_t i) const {
  switch (kind_) {
    case Kind::kBool: out += ArrowArrayViewGetIntUnsafe(&view, i) != 0 ? "true" : "false"; break;
    case Kind::kInt: json::append_int(out, ArrowArrayViewGetIntUnsafe(&view, i)); break;
    case Kind::kUint: json::append_uint(out, ArrowArrayViewGetUIntUnsafe(&view, i)); break;
    case Kind::kFloat:
      json::append_float(out, static_cast<float>(ArrowArrayViewGetDoubleUnsafe(&view, i)));
      break;
    case Kind::kDouble: json::append_double(out, ArrowArrayViewGetDoubleUnsafe(&view, i)); break;
    case Kind::kRawJson: out += view_of(ArrowArrayViewGetStringUnsafe(&view, i)); break;
    case Kind::kBinary: {
      ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(&view, i);
      append_base64(out, {bytes.data.as_char, static_cast<std::size_t>(bytes.size_bytes)});
      break;
    }
    case Kind::kUuid: {
      Uuid uuid;
      std::memcpy(uuid.data(), ArrowArrayViewGetBytesUnsafe(&view, i).data.data, uuid.size());
      append_uuid(out, uuid);
      break;
    }
    case Kind::kDecimal: append_decimal(out, view, i, bits_, precision_, scale_); break;
    case Kind::kDate32: append_date(out, ArrowArrayViewGetIntUnsafe(&view, i)); break;
    case Kind::kDate64: {
      constexpr std::int64_t kDayMillis = 86'400'000;
      std::int64_t millis = ArrowArrayViewGetIntUnsafe(&view, i);
      append_date(out, (millis - (millis < 0 ? kDayMillis - 1 : 0)) / kDayMillis);
      break;
    }
    case Kind::kTimestamp:
      append_timestamp(out, ArrowArrayViewGetIntUnsafe(&view, i), per_second_, utc_);
      break;
    case Kind::kTime:
      append_time(out, ArrowArrayViewGetIntUnsafe(&view, i) * (1'000'000'000 / per_second_));
      break;
    case Kind::kDuration: append_duration(out, ArrowArrayViewGetIntUnsafe(&view, i), per_second_); break;
    case Kind::kInterval: append_interval(out, view, i, interval_type_); break;
    default: break;
  }
}

void CellWriter::append_nested(std::string& out, const ArrowArrayView& view, std::int64_t i) const {
  switch (kind_) {
    case Kind::kDictionary:
      children_[0].append_json(out, *view.dictionary, ArrowArrayViewGetIntUnsafe(&view, i));
      break;
    case Kind::kList: {
      std::int64_t at = i + view.offset;
      append_items(out, view, ArrowArrayViewListChildOffset(&view, at),
                   ArrowArrayViewListChildOffset(&view, at + 1));
      break;
    }
    case Kind::kFixedList: {
      std::int64_t from = (i + view.offset) * list_size_;
      append_items(out, view, from, from + list_size_);
      break;
    }
    case Kind::kListView: {
      std::int64_t at = i + view.offset;
      bool large = view.storage_type == NANOARROW_TYPE_LARGE_LIST_VIEW;
      std::int64_t from = ArrowArrayViewListChildOffset(&view, at);
      std::int64_t size =
          large ? view.buffer_views[2].data.as_int64[at] : view.buffer_views[2].data.as_int32[at];
      append_items(out, view, from, from + size);
      break;
    }
    case Kind::kStruct: append_struct(out, view, i); break;
    case Kind::kMap: append_map(out, view, i); break;
    case Kind::kUnion: {
      auto child = static_cast<unsigned char>(ArrowArrayViewUnionChildIndex(&view, i));
      children_[child].append_json(out, *view.children[child], ArrowArrayViewUnionChildOffset(&view, i));
      break;
    }
    case Kind::kRunEnd:
      children_[1].append_json(out, *view.children[1], run_of(*view.children[0], i + view.offset));
      break;
    default: break;
  }
}

void CellWriter::append_items(std::string& out, const ArrowArrayView& view, std::int64_t from,
                              std::int64_t to) const {
  out += '[';
  for (std::int64_t i = from; i < to; ++i) {
    if (i != from) out += ',';
    children_[0].append_json(out, *view.children[0], i);
  }
  out += ']';
}

void CellWriter::append_struct(std::string& out, const ArrowArrayView& view, std::int64_t i) const {
  out += '{';
  for (std::size_t c = 0; c < children_.size(); ++c) {
    if (c != 0) out += ',';
    out += keys_[c];
    children_[c].append_json(out, *view.children[c], i + view.offset);
  }
  out += '}';
}

// A map becomes an object; keys that are not text are written as the text of their value.
void CellWriter::append_map(std::string& out, const ArrowArrayView& view, std::int64_t i) const {
  const CellWriter& entry = children_[0];
  const ArrowArrayView& entries = *view.children[0];
  std::int64_t at = i + view.offset;
  std::int64_t from = ArrowArrayViewListChildOffset(&view, at);
  std::int64_t to = ArrowArrayViewListChildOffset(&view, at + 1);
  out += '{';
  for (std::int64_t k = from; k < to; ++k) {
    if (k != from) out += ',';
    std::string key;
    entry.children_[0].append_text(key, *entries.children[0], k + entries.offset);
    json::append_string(out, key);
    out += ':';
    entry.children_[1].append_json(out, *entries.children[1], k + entries.offset);
  }
  out += '}';
}

}  // namespace rowcall::table
