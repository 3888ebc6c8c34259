// SPDX-License-Identifier: Apache-2.0
#include "files/row_builder.h"

#include <arrow/array/array_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <utility>

namespace rowcall::files {
namespace {

using table::TypeId;

std::shared_ptr<arrow::DataType> arrow_type(const table::ColumnType& type) {
  switch (type.id) {
    case TypeId::kBool: return arrow::boolean();
    case TypeId::kInt8: return arrow::int8();
    case TypeId::kInt16: return arrow::int16();
    case TypeId::kInt32: return arrow::int32();
    case TypeId::kInt64: return arrow::int64();
    case TypeId::kUint8: return arrow::uint8();
    case TypeId::kUint16: return arrow::uint16();
    case TypeId::kUint32: return arrow::uint32();
    case TypeId::kUint64: return arrow::uint64();
    case TypeId::kFloat: return arrow::float32();
    case TypeId::kDouble: return arrow::float64();
    case TypeId::kDate: return arrow::date32();
    case TypeId::kTimestamp: return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case TypeId::kDecimal: return arrow::decimal128(type.precision, type.scale);
    case TypeId::kString:
    case TypeId::kJson: break;
  }
  return arrow::utf8();
}

template <class Builder, class Value>
arrow::Status put(arrow::ArrayBuilder& builder, Value value) {
  return static_cast<Builder&>(builder).Append(value);
}

arrow::Status append(arrow::ArrayBuilder& builder, TypeId type, const CellValue& cell) {
  if (cell.null) return builder.AppendNull();
  switch (type) {
    case TypeId::kBool: return put<arrow::BooleanBuilder>(builder, cell.integer != 0);
    case TypeId::kInt8: return put<arrow::Int8Builder>(builder, static_cast<std::int8_t>(cell.integer));
    case TypeId::kInt16: return put<arrow::Int16Builder>(builder, static_cast<std::int16_t>(cell.integer));
    case TypeId::kInt32: return put<arrow::Int32Builder>(builder, static_cast<std::int32_t>(cell.integer));
    case TypeId::kInt64: return put<arrow::Int64Builder>(builder, cell.integer);
    case TypeId::kUint8: return put<arrow::UInt8Builder>(builder, static_cast<std::uint8_t>(cell.integer));
    case TypeId::kUint16: return put<arrow::UInt16Builder>(builder, static_cast<std::uint16_t>(cell.integer));
    case TypeId::kUint32: return put<arrow::UInt32Builder>(builder, static_cast<std::uint32_t>(cell.integer));
    case TypeId::kUint64: return put<arrow::UInt64Builder>(builder, static_cast<std::uint64_t>(cell.integer));
    case TypeId::kFloat: return put<arrow::FloatBuilder>(builder, static_cast<float>(cell.real));
    case TypeId::kDouble: return put<arrow::DoubleBuilder>(builder, cell.real);
    case TypeId::kDate: return put<arrow::Date32Builder>(builder, static_cast<std::int32_t>(cell.integer));
    case TypeId::kTimestamp: return put<arrow::TimestampBuilder>(builder, cell.integer);
    case TypeId::kDecimal:
      return put<arrow::Decimal128Builder>(
          builder, arrow::Decimal128(static_cast<std::int64_t>(cell.decimal.high), cell.decimal.low));
    case TypeId::kString:
    case TypeId::kJson: break;
  }
  return put<arrow::StringBuilder>(builder, cell.text);
}

Error no_memory(const arrow::Status& status) {
  return {ErrorCode::kInternal, "a batch of rows", status.message(), "memory for it",
          "Lower source.batch_size."};
}

}  // namespace

struct RowBuilder::Columns {
  struct One {
    TypeId type;
    std::unique_ptr<arrow::ArrayBuilder> builder;
  };
  std::shared_ptr<arrow::Schema> schema;
  std::vector<One> all;
  arrow::Status status;  // the first that was not OK
};

RowBuilder::RowBuilder(const std::vector<table::Column>& columns)
    : cells_(columns.size()), columns_(std::make_unique<Columns>()) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const table::Column& column : columns) {
    auto type = arrow_type(column.type);
    fields.push_back(arrow::field(column.name, type));
    auto builder = arrow::MakeBuilder(type);
    if (!builder.ok()) {
      columns_->status &= builder.status();
      continue;
    }
    columns_->all.push_back({column.type.id, *std::move(builder)});
  }
  columns_->schema = arrow::schema(std::move(fields));
}
RowBuilder::RowBuilder(RowBuilder&&) noexcept = default;
RowBuilder& RowBuilder::operator=(RowBuilder&&) noexcept = default;
RowBuilder::~RowBuilder() = default;

void RowBuilder::add_row() {
  // Once something has failed, nothing more is put: columns of different lengths would be no batch.
  for (std::size_t c = 0; c < cells_.size() && columns_->status.ok(); ++c) {
    columns_->status = append(*columns_->all[c].builder, columns_->all[c].type, cells_[c]);
  }
  ++rows_;
  clear_row();
}

void RowBuilder::clear_row() {
  for (CellValue& cell : cells_) cell.null = true;
}

Result<OwnedArray> RowBuilder::finish() {
  if (!columns_->status.ok()) return failure(no_memory(columns_->status));
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (Columns::One& column : columns_->all) {
    auto array = column.builder->Finish();
    if (!array.ok()) return failure(no_memory(array.status()));
    arrays.push_back(*std::move(array));
  }
  auto batch = arrow::RecordBatch::Make(columns_->schema, std::exchange(rows_, 0), std::move(arrays));
  OwnedArray out;
  auto exported = arrow::ExportRecordBatch(*batch, out.fill());
  if (!exported.ok()) return failure(no_memory(exported));
  return out;
}

}  // namespace rowcall::files
