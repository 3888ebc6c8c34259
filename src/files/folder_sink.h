// SPDX-License-Identifier: Apache-2.0
// A table as a folder of parts, on disk or in S3.
//
//   part-00000.parquet ...   the parts, each seen whole or not at all
//   _manifest.json           the columns, and the parts so far with their rows; `complete`: all are there
//   _rowcall/                notes to go on with the run by, see part_notes.h
//   _SUCCESS                 last of all
//
// A table that is there already is replaced only when the new one is whole: until then the new parts are in
// the folder's own folder `_next`, which readers of tables pass over as they do everything that begins with
// "_". Then they take the place of the old ones, which is a matter of moments, during which there is no
// _SUCCESS. It can be done again from any point. Files that are no parts are never touched.
#pragma once

#include <arrow/type.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "rowcall/table.h"

#include "files/folder.h"
#include "files/part_notes.h"
#include "files/part_writer.h"
#include "files/sink_state.h"

namespace rowcall::files {

class FolderSink final : public TableSink {
 public:
  /// `notes` may be null: then nobody can go on with the parts without the run directory.
  FolderSink(Place place, const PartFormat& format, bool overwrite, const S3Spec& s3,
             std::filesystem::path staging, PartNotes* notes);

  Result<void> open(OwnedSchema schema, int next_part) override;
  Result<void> write(OwnedArray rows) override;
  Result<PartInfo> publish() override;
  Result<void> finish(std::int64_t rows) override;
  void abort() override;

 private:
  Result<void> begin_table();
  Result<void> go_on();
  Result<void> remove_parts_but_ours(const Folder& folder) const;
  Result<void> replace_old();
  Result<void> remove_success() const;
  Result<void> put_manifest(const Folder& folder, bool complete) const;
  std::string file_name(std::size_t index) const;
  Result<void> begin_part();

  Folder folder_;
  Folder parts_folder_;  // where parts are until the table is whole
  PartFormat format_;
  bool overwrite_;
  S3Spec s3_;
  std::filesystem::path staging_;
  OwnedSchema schema_;
  std::shared_ptr<arrow::Schema> columns_;
  SinkState state_;
  PartNotes* notes_;
  std::optional<FileLock> lock_;
  std::unique_ptr<PartWriter> part_;
};

}  // namespace rowcall::files
