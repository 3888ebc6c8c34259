// SPDX-License-Identifier: Apache-2.0
#include "table/slice.h"

#include <nanoarrow/nanoarrow.h>

#include "base/assert.h"
#include "table/nanoarrow_check.h"

namespace rowcall::table {
namespace {

// A column of a slice: borrowed buffers, and a share in the table that owns them. The consumer may move it
// out of its parent, so every column holds a share of its own.
void release_column(ArrowArray* column) {
  delete static_cast<SharedTable*>(column->private_data);
  column->release = nullptr;
}

struct SlicePrivate {
  std::vector<ArrowArray> columns;
  std::vector<ArrowArray*> pointers;
  const void* no_validity = nullptr;
};

void release_slice(ArrowArray* slice) {
  auto* own = static_cast<SlicePrivate*>(slice->private_data);
  for (ArrowArray& column : own->columns) {
    if (column.release != nullptr) column.release(&column);
  }
  delete own;
  slice->release = nullptr;
}

}  // namespace

SharedTable share(OwnedArray table) {
  return std::make_shared<const OwnedArray>(std::move(table));
}

OwnedArray side_by_side(const std::vector<Cut>& cuts, std::int64_t count) {
  auto* own = new SlicePrivate;
  for (const Cut& cut : cuts) {
    const OwnedArray& table = *cut.table;
    ROWCALL_ASSERT(cut.from >= 0 && count >= 0 && cut.from + count <= table->length,
                   "a slice beyond its table");
    for (std::int64_t c = 0; c < table->n_children; ++c) {
      ArrowArray column = *table->children[c];
      column.offset += table->offset + cut.from;
      column.length = count;
      if (column.null_count != 0) column.null_count = -1;
      column.release = &release_column;
      column.private_data = new SharedTable(cut.table);
      own->columns.push_back(column);
    }
  }
  for (ArrowArray& column : own->columns) own->pointers.push_back(&column);
  OwnedArray out;
  ArrowArray* slice = out.fill();
  slice->length = count;
  slice->n_buffers = 1;
  slice->buffers = &own->no_validity;
  slice->n_children = static_cast<std::int64_t>(own->columns.size());
  slice->children = own->pointers.data();
  slice->private_data = own;
  slice->release = &release_slice;
  return out;
}

OwnedArray all_null(const ArrowSchema& schema, std::int64_t count) {
  OwnedArray out;
  ROWCALL_NA(ArrowArrayInitFromSchema(out.fill(), &schema, nullptr));
  ROWCALL_NA(ArrowArrayStartAppending(out.get()));
  for (std::int64_t c = 0; c < out->n_children; ++c)
    ROWCALL_NA(ArrowArrayAppendNull(out->children[c], count));
  out->length = count;
  ROWCALL_NA(ArrowArrayFinishBuildingDefault(out.get(), nullptr));
  return out;
}

}  // namespace rowcall::table
