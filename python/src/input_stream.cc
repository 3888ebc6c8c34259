// SPDX-License-Identifier: Apache-2.0
#include "python/src/input_stream.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "table/schema.h"

namespace rowcall::python {
namespace {

constexpr const char* kPlace = "the input table";

Error stream_error(OwnedStream& stream, int code) {
  const char* text = stream->get_last_error(stream.get());
  return {ErrorCode::kInput, kPlace, text != nullptr && *text != '\0' ? text : std::strerror(code), "", ""};
}

}  // namespace

table::SharedTable Yard::share(const std::shared_ptr<Yard>& yard, OwnedArray array) {
  return {new const OwnedArray(std::move(array)), [yard](const OwnedArray* dead) { yard->bury(dead); }};
}

void Yard::bury(const OwnedArray* array) {
  std::unique_ptr<const OwnedArray> dead(array);
  std::lock_guard lock(mutex_);
  if (!closed_) dead_.push_back(std::move(dead));
}

void Yard::empty() {
  std::vector<std::unique_ptr<const OwnedArray>> dead;
  std::lock_guard lock(mutex_);
  std::swap(dead, dead_);
}

void Yard::close() {
  std::vector<std::unique_ptr<const OwnedArray>> dead;
  std::lock_guard lock(mutex_);
  closed_ = true;
  std::swap(dead, dead_);
}

Result<InputStream> InputStream::open(OwnedStream stream, int batch_size) {
  InputStream out;
  out.stream_ = std::move(stream);
  out.batch_size_ = batch_size;
  int code = out.stream_->get_schema(out.stream_.get(), out.schema_.fill());
  if (code != 0) return failure(stream_error(out.stream_, code));
  if (std::string_view(out.schema_->format) != "+s") {
    return failure(
        {ErrorCode::kInput, kPlace, "a stream of single arrays", "a stream of record batches", ""});
  }
  return out;
}

// A column of nothing but nulls has no buffers; Polars says it has one. The batch is our own slice, so its
// columns may be put right.
void InputStream::mend_null_columns(ArrowArray& batch) const {
  for (std::int64_t c = 0; c < batch.n_children; ++c) {
    if (std::string_view(schema_->children[c]->format) == "n") batch.children[c]->n_buffers = 0;
  }
}

Result<std::vector<SourceBatch>> InputStream::pull() {
  std::vector<SourceBatch> batches;
  while (batches.empty()) {
    OwnedArray array;
    int code = stream_->get_next(stream_.get(), array.fill());
    if (code != 0) return failure(stream_error(stream_, code));
    if (!array) return batches;
    std::int64_t length = array->length;
    table::SharedTable rows = Yard::share(yard_, std::move(array));
    for (std::int64_t from = 0; from < length; from += batch_size_) {
      SourceBatch batch;
      batch.rows = table::side_by_side({{rows, from}}, std::min<std::int64_t>(batch_size_, length - from));
      batch.position = {rows_ + from, 0, rows_ + from, -1};
      batch.file = kPlace;
      mend_null_columns(*batch.rows.get());
      batches.push_back(std::move(batch));
    }
    rows_ += length;
  }
  return batches;
}

}  // namespace rowcall::python
