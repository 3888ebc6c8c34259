// SPDX-License-Identifier: Apache-2.0
#include "python/src/kept_table.h"

#include <utility>

#include "table/schema.h"

namespace rowcall::python {
namespace {

struct Reading {
  std::shared_ptr<const KeptTable> table;
  std::size_t next = 0;
};

Reading* reading_of(ArrowArrayStream* stream) {
  return static_cast<Reading*>(stream->private_data);
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  table::copy_of(*reading_of(stream)->table->schema.get()).move_to(out);
  return 0;
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  Reading* reading = reading_of(stream);
  if (reading->next == reading->table->batches.size()) {
    *out = ArrowArray{};
    return 0;
  }
  const table::SharedTable& batch = reading->table->batches[reading->next++];
  table::side_by_side({{batch, 0}}, (*batch)->length).move_to(out);
  return 0;
}

const char* get_last_error(ArrowArrayStream*) {
  return nullptr;
}

void release(ArrowArrayStream* stream) {
  delete reading_of(stream);
  stream->release = nullptr;
}

}  // namespace

std::int64_t KeptTable::rows() const {
  std::int64_t sum = 0;
  for (const table::SharedTable& batch : batches) sum += (*batch)->length;
  return sum;
}

OwnedStream stream_of(std::shared_ptr<const KeptTable> table) {
  OwnedStream stream;
  *stream.fill() = {&get_schema, &get_next, &get_last_error, &release, new Reading{std::move(table)}};
  return stream;
}

Result<void> KeepingSink::open(OwnedSchema schema, int) {
  table_ = std::make_shared<KeptTable>();
  table_->schema = std::move(schema);
  return {};
}

Result<void> KeepingSink::write(OwnedArray rows) {
  table_->batches.push_back(table::share(std::move(rows)));
  return {};
}

Result<PartInfo> KeepingSink::publish() {
  std::int64_t rows = table_->rows() - published_;
  published_ += rows;
  return PartInfo{rows > 0 ? "memory" : "", rows, 0};
}

Result<void> KeepingSink::finish(std::int64_t) {
  return {};
}

}  // namespace rowcall::python
