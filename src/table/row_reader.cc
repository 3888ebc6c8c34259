// SPDX-License-Identifier: Apache-2.0
#include "table/row_reader.h"

#include <nanoarrow/nanoarrow.h>

#include "base/try.h"
#include "table/schema.h"

namespace rowcall::table {
namespace {

// Bytes that `count` values from `from` on reach: offsets tell how much of a data buffer or child is theirs.
std::int64_t reached(const ArrowArrayView& view, std::int64_t from, std::int64_t count) {
  std::int64_t bytes = 0;
  from += view.offset;
  std::int64_t child_from = from;
  std::int64_t child_count = count;
  for (int i = 0; i < NANOARROW_MAX_FIXED_BUFFERS; ++i) {
    ArrowBufferView buffer = view.buffer_views[i];
    switch (view.layout.buffer_type[i]) {
      case NANOARROW_BUFFER_TYPE_DATA_OFFSET: {
        if (count == 0 || buffer.size_bytes == 0) return bytes;
        bool large = view.layout.element_size_bits[i] == 64;
        auto at = [&](std::int64_t k) {
          return large ? buffer.data.as_int64[k] : std::int64_t{buffer.data.as_int32[k]};
        };
        child_from = at(from);
        child_count = at(from + count) - child_from;
        bytes += count * (large ? 8 : 4);
        break;
      }
      case NANOARROW_BUFFER_TYPE_DATA:
        // Behind offsets lies text, of which the offsets have told the length; else values of one width.
        bytes += i == 2 ? child_count : count * view.layout.element_size_bits[i] / 8;
        break;
      case NANOARROW_BUFFER_TYPE_VALIDITY: bytes += buffer.size_bytes > 0 ? count / 8 : 0; break;
      default: bytes += buffer.size_bytes; break;
    }
  }
  for (std::int32_t i = 0; i < view.n_variadic_buffers; ++i) bytes += view.variadic_buffer_sizes[i];
  if (view.storage_type == NANOARROW_TYPE_FIXED_SIZE_LIST) {
    child_from *= view.layout.child_size_elements;
    child_count *= view.layout.child_size_elements;
  }
  for (std::int64_t c = 0; c < view.n_children; ++c) {
    const ArrowArrayView& child = *view.children[c];
    // Unions, runs and list views reach their children in other ways: all of the child is counted.
    bool own = view.storage_type == NANOARROW_TYPE_STRUCT || view.storage_type == NANOARROW_TYPE_LIST ||
               view.storage_type == NANOARROW_TYPE_LARGE_LIST || view.storage_type == NANOARROW_TYPE_MAP ||
               view.storage_type == NANOARROW_TYPE_FIXED_SIZE_LIST;
    bytes += own ? reached(child, child_from, child_count) : reached(child, 0, child.length);
  }
  return bytes;
}

}  // namespace

struct RowReader::View {
  ArrowArrayView root{};
  ~View() { ArrowArrayViewReset(&root); }
};

RowReader::RowReader() = default;
RowReader::RowReader(RowReader&&) noexcept = default;
RowReader& RowReader::operator=(RowReader&&) noexcept = default;
RowReader::~RowReader() = default;

Result<RowReader> RowReader::make(const ArrowSchema& schema) {
  RowReader reader;
  reader.names_ = column_names(schema);
  for (std::int64_t c = 0; c < schema.n_children; ++c) {
    TRY(CellWriter writer, CellWriter::make(*schema.children[c]));
    reader.writers_.push_back(std::move(writer));
  }
  reader.view_ = std::make_unique<View>();
  ArrowError error;
  if (ArrowArrayViewInitFromSchema(&reader.view_->root, &schema, &error) != NANOARROW_OK) {
    return failure({ErrorCode::kInput, "the table's schema", error.message, "a valid Arrow schema", ""});
  }
  return reader;
}

Result<void> RowReader::look_at(const ArrowArray& batch) {
  ArrowError error;
  if (ArrowArrayViewSetArray(&view_->root, &batch, &error) != NANOARROW_OK) {
    return failure(
        {ErrorCode::kInput, "a batch of the table", error.message, "an array of the table's schema", ""});
  }
  rows_ = batch.length;
  return {};
}

std::int64_t RowReader::bytes() const {
  return reached(view_->root, 0, view_->root.length);
}

int RowReader::find(std::string_view name) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return static_cast<int>(i);
  }
  return -1;
}

// A struct array may begin at an offset, which its columns do not know.
bool RowReader::is_null(int column, std::int64_t row) const {
  return ArrowArrayViewIsNull(view_->root.children[column], row + view_->root.offset) != 0;
}

void RowReader::append_json(std::string& out, int column, std::int64_t row) const {
  writers_[static_cast<std::size_t>(column)].append_json(out, *view_->root.children[column],
                                                         row + view_->root.offset);
}

void RowReader::append_text(std::string& out, int column, std::int64_t row) const {
  writers_[static_cast<std::size_t>(column)].append_text(out, *view_->root.children[column],
                                                         row + view_->root.offset);
}

}  // namespace rowcall::table
