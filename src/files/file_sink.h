// SPDX-License-Identifier: Apache-2.0
// A table as one file, on disk or in S3, or on standard output.
//
// Parts are kept in `staging` until the table is complete, and then put together: CSV and JSON are pieces
// whose bytes follow each other, Parquet is encoded from staged batches. The file appears whole. Standard
// output has no such moment: there a part is passed on when it is published.
#pragma once

#include <arrow/type.h>

#include <filesystem>
#include <memory>

#include "rowcall/table.h"

#include "files/part_writer.h"
#include "files/sink_state.h"

namespace rowcall::files {

class FileSink final : public TableSink {
 public:
  /// `place.path` "-" is standard output, for text formats.
  FileSink(Place place, const PartFormat& format, bool overwrite, const S3Spec& s3,
           std::filesystem::path staging);

  Result<void> open(OwnedSchema schema, int next_part) override;
  Result<void> write(OwnedArray rows) override;
  Result<PartInfo> publish() override;
  Result<void> finish(std::int64_t rows) override;
  void abort() override;

 private:
  bool to_stdout() const { return !place_.s3 && place_.path == "-"; }
  Result<void> look_at_target() const;
  Result<void> look_at_local_target() const;
  Result<void> look_at_s3_target() const;
  Result<void> go_on() const;
  Place staged(std::size_t index) const;
  Result<void> begin_part();
  Result<void> put_together();
  Result<void> encode(OutputFile& out) const;
  Result<void> join(OutputFile& out) const;
  Result<bool> linked() const;
  Result<void> write_end();

  Place place_;
  PartFormat format_;
  bool overwrite_;
  S3Spec s3_;
  std::filesystem::path staging_;
  OwnedSchema schema_;
  SinkState state_;
  std::size_t first_part_ = 0;  // of this session
  std::unique_ptr<PartWriter> part_;
};

}  // namespace rowcall::files
