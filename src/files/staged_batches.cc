// SPDX-License-Identifier: Apache-2.0
#include "files/staged_batches.h"

#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/compression.h>

#include <utility>

#include "base/try.h"
#include "files/checked.h"

namespace rowcall::files {

Result<StagedWriter> StagedWriter::make(const std::shared_ptr<arrow::Schema>& schema,
                                        std::shared_ptr<arrow::io::OutputStream> out, Place place) {
  StagedWriter writer(schema, std::move(place));
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.use_threads = false;
  TRY(options.codec,
      checked(arrow::util::Codec::Create(arrow::Compression::LZ4_FRAME), writer.place_, "write"));
  TRY(writer.writer_,
      checked(arrow::ipc::MakeStreamWriter(std::move(out), schema, options), writer.place_, "write"));
  return writer;
}

Result<void> StagedWriter::write(OwnedArray rows) {
  TRY(RecordBatches batches, gatherer_.add(std::move(rows), place_));
  for (const auto& batch : batches) {
    TRY_VOID(checked(guarded([&] { return writer_->WriteRecordBatch(*batch); }), place_, "write"));
  }
  return {};
}

Result<void> StagedWriter::close() {
  for (const auto& batch : gatherer_.take()) {
    TRY_VOID(checked(guarded([&] { return writer_->WriteRecordBatch(*batch); }), place_, "write"));
  }
  return checked(writer_->Close(), place_, "write");
}

Result<void> read_staged(
    const Place& place, const std::function<Result<void>(const std::shared_ptr<arrow::RecordBatch>&)>& take) {
  TRY(auto file, checked(arrow::io::ReadableFile::Open(place.path), place, "read"));
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  TRY(auto reader, checked(arrow::ipc::RecordBatchStreamReader::Open(file, options), place, "read"));
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    TRY_VOID(checked(guarded([&] { return reader->ReadNext(&batch); }), place, "read"));
    if (!batch) return {};
    TRY_VOID(take(batch));
  }
}

}  // namespace rowcall::files
