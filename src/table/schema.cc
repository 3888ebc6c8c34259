// SPDX-License-Identifier: Apache-2.0
#include "table/schema.h"

#include <nanoarrow/nanoarrow.h>

#include "table/nanoarrow_check.h"

namespace rowcall::table {
namespace {

ArrowType plain_type(TypeId id) {
  switch (id) {
    case TypeId::kBool: return NANOARROW_TYPE_BOOL;
    case TypeId::kInt8: return NANOARROW_TYPE_INT8;
    case TypeId::kInt16: return NANOARROW_TYPE_INT16;
    case TypeId::kInt32: return NANOARROW_TYPE_INT32;
    case TypeId::kInt64: return NANOARROW_TYPE_INT64;
    case TypeId::kUint8: return NANOARROW_TYPE_UINT8;
    case TypeId::kUint16: return NANOARROW_TYPE_UINT16;
    case TypeId::kUint32: return NANOARROW_TYPE_UINT32;
    case TypeId::kUint64: return NANOARROW_TYPE_UINT64;
    case TypeId::kFloat: return NANOARROW_TYPE_FLOAT;
    case TypeId::kDouble: return NANOARROW_TYPE_DOUBLE;
    case TypeId::kDate: return NANOARROW_TYPE_DATE32;
    default: return NANOARROW_TYPE_STRING;
  }
}

void set_type(ArrowSchema* schema, const ColumnType& type) {
  switch (type.id) {
    default: ROWCALL_NA(ArrowSchemaSetType(schema, plain_type(type.id))); break;
    case TypeId::kTimestamp:
      ROWCALL_NA(
          ArrowSchemaSetTypeDateTime(schema, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MICRO, "UTC"));
      break;
    case TypeId::kDecimal:
      ROWCALL_NA(ArrowSchemaSetTypeDecimal(schema, NANOARROW_TYPE_DECIMAL128, type.precision, type.scale));
      break;
    case TypeId::kJson: {
      ROWCALL_NA(ArrowSchemaSetType(schema, NANOARROW_TYPE_STRING));
      ArrowBuffer metadata;
      ROWCALL_NA(ArrowMetadataBuilderInit(&metadata, nullptr));
      ROWCALL_NA(ArrowMetadataBuilderAppend(&metadata, ArrowCharView("ARROW:extension:name"),
                                            ArrowCharView("arrow.json")));
      ROWCALL_NA(ArrowMetadataBuilderAppend(&metadata, ArrowCharView("ARROW:extension:metadata"),
                                            ArrowCharView("")));
      ROWCALL_NA(ArrowSchemaSetMetadata(schema, reinterpret_cast<const char*>(metadata.data)));
      ArrowBufferReset(&metadata);
      break;
    }
  }
}

}  // namespace

std::vector<std::string> column_names(const ArrowSchema& schema) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    const char* name = schema.children[i]->name;
    names.emplace_back(name == nullptr ? "" : name);
  }
  return names;
}

OwnedSchema copy_of(const ArrowSchema& schema) {
  OwnedSchema copy;
  ROWCALL_NA(ArrowSchemaDeepCopy(&schema, copy.fill()));
  return copy;
}

OwnedSchema extended(const ArrowSchema& first, const std::vector<Column>& more) {
  OwnedSchema out;
  ArrowSchemaInit(out.fill());
  std::int64_t before = first.n_children;
  ROWCALL_NA(ArrowSchemaSetTypeStruct(out.get(), before + static_cast<std::int64_t>(more.size())));
  for (std::int64_t i = 0; i < before; ++i) {
    ArrowSchemaRelease(out->children[i]);
    ROWCALL_NA(ArrowSchemaDeepCopy(first.children[i], out->children[i]));
  }
  for (std::size_t i = 0; i < more.size(); ++i) {
    ArrowSchema* child = out->children[before + static_cast<std::int64_t>(i)];
    set_type(child, more[i].type);
    ROWCALL_NA(ArrowSchemaSetName(child, more[i].name.c_str()));
    child->flags |= ARROW_FLAG_NULLABLE;
  }
  return out;
}

std::string described(const ArrowSchema& schema) {
  std::string text;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    const ArrowSchema* child = schema.children[i];
    char type[256];
    ArrowSchemaToString(child, type, sizeof type, /*recursive=*/1);
    text.append(child->name == nullptr ? "" : child->name).append(": ").append(type).append("\n");
  }
  return text;
}

}  // namespace rowcall::table
