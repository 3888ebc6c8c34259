// SPDX-License-Identifier: Apache-2.0
#include "files/folder_sink.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/parse.h"
#include "base/try.h"
#include "files/manifest.h"

namespace rowcall::files {
namespace {

// Readers of tables pass over the others, too.
bool is_data(const Folder::Entry& entry) {
  return !entry.folder && !entry.name.empty() && entry.name[0] != '_' && entry.name[0] != '.';
}

bool is_part(const Folder::Entry& entry) {
  return !entry.folder && entry.name.starts_with("part-");
}

}  // namespace

FolderSink::FolderSink(Place place, const PartFormat& format, bool overwrite, const S3Spec& s3,
                       std::filesystem::path staging, PartNotes* notes)
    : folder_(std::move(place), s3),
      parts_folder_(folder_),
      format_(format),
      overwrite_(overwrite),
      s3_(s3),
      staging_(std::move(staging)),
      notes_(notes) {}

std::string FolderSink::file_name(std::size_t index) const {
  return part_name(index) + ending_of(format_.kind);
}

Result<void> FolderSink::open(OwnedSchema schema, int next_part) {
  schema_ = std::move(schema);
  TRY(columns_, schema_of(*schema_.get(), folder_.place()));
  TRY(std::optional<SinkState> loaded, SinkState::load(staging_, folder_.place().shown));
  bool known = loaded.has_value();
  if (loaded) {
    state_ = *std::move(loaded);
  } else {
    state_.path = folder_.place().shown;
  }
  if (!known && next_part == 0) TRY_VOID(begin_table());
  if (state_.whole) return {};
  if (notes_ != nullptr) {
    TRY(lock_, lock_of(folder_));
  }
  TRY_VOID(state_.cut(next_part));
  if (state_.replacing) parts_folder_ = folder_.folder(kNextFolder);
  auto committed = static_cast<std::size_t>(next_part);
  TRY_VOID(notes_ != nullptr ? notes_->open(parts_folder_, committed) : remove_notes(parts_folder_, 0));
  TRY_VOID(go_on());
  if (!state_.replacing) TRY_VOID(remove_success());  // somebody's, of a table that is not there
  TRY_VOID(state_.save(staging_));
  // This also shows, before the first call is made, that the folder can be written to.
  return put_manifest(parts_folder_, /*complete=*/false);
}

Result<void> FolderSink::begin_table() {
  TRY(std::vector<Folder::Entry> entries, folder_.list());
  auto data = std::ranges::find_if(entries, is_data);
  if (data == entries.end()) return {};
  if (!overwrite_) {
    return failure({ErrorCode::kStorage, folder_.place().shown,
                    "there is a table already (" + data->name + ")", "a folder without one",
                    "Name another folder, or replace it with --overwrite."});
  }
  auto foreign =
      std::ranges::find_if(entries, [](const Folder::Entry& e) { return is_data(e) && !is_part(e); });
  if (foreign != entries.end()) {
    return failure({ErrorCode::kStorage, folder_.place().shown, "it holds " + foreign->name,
                    "a folder of nothing but parts, to be overwritten", "Name another folder."});
  }
  state_.replacing = true;
  return {};
}

// What was committed must be there; what was not goes.
Result<void> FolderSink::go_on() {
  TRY(std::vector<Folder::Entry> entries, parts_folder_.list());
  for (std::size_t i = 0; i < state_.parts.size(); ++i) {
    auto found = std::ranges::lower_bound(entries, file_name(i), {}, &Folder::Entry::name);
    if (found != entries.end() && found->name != file_name(i)) found = entries.end();
    // Behind an interrupted replacement it may be in its last place.
    if (found == entries.end() && state_.replacing) continue;
    if (found == entries.end() || found->bytes != state_.parts[i].bytes) {
      return failure(
          {ErrorCode::kChanged, parts_folder_.file(file_name(i)).shown,
           found == entries.end() ? "it is gone" : std::to_string(found->bytes) + " bytes",
           "a part of " + std::to_string(state_.parts[i].bytes) + " bytes, written earlier in this run",
           "Put it back, or start the run anew with --fresh."});
    }
  }
  return remove_parts_but_ours(parts_folder_);
}

Result<void> FolderSink::remove_parts_but_ours(const Folder& folder) const {
  TRY(std::vector<Folder::Entry> entries, folder.list());
  std::set<std::string> ours;
  for (std::size_t i = 0; i < state_.parts.size(); ++i) ours.insert(file_name(i));
  for (const Folder::Entry& entry : entries) {
    if (is_part(entry) && !ours.contains(entry.name)) TRY_VOID(folder.remove(entry.name));
  }
  return {};
}

Result<void> FolderSink::put_manifest(const Folder& folder, bool complete) const {
  Compression compression =
      format_.kind.format == FileFormat::kParquet ? format_.parquet.compression : format_.kind.compression;
  return folder.put(kManifestName, manifest_text(state_, *columns_, format_.kind, compression, complete));
}

Result<void> FolderSink::begin_part() {
  TRY(PartWriter part,
      PartWriter::begin(*schema_.get(), format_, parts_folder_.file(file_name(state_.parts.size())), s3_));
  part_ = std::make_unique<PartWriter>(std::move(part));
  return {};
}

Result<void> FolderSink::write(OwnedArray rows) {
  if (rows->length == 0) return {};
  if (!part_) TRY_VOID(begin_part());
  return part_->write(std::move(rows));
}

Result<PartInfo> FolderSink::publish() {
  if (!part_) return PartInfo{};
  if (notes_ != nullptr) TRY_VOID(notes_->check());
  TRY(std::int64_t bytes, part_->commit());
  PartInfo info{folder_.file(file_name(state_.parts.size())).shown, part_->rows(), bytes};
  part_.reset();
  state_.parts.push_back({info.rows, info.bytes});
  TRY_VOID(state_.save(staging_));
  TRY_VOID(put_manifest(parts_folder_, /*complete=*/false));
  return info;
}

Result<void> FolderSink::finish(std::int64_t rows) {
  if (state_.rows() != rows) {
    return failure({ErrorCode::kAccounting, folder_.place().shown,
                    grouped(state_.rows()) + " rows in " +
                        grouped(static_cast<std::int64_t>(state_.parts.size())) + " parts",
                    grouped(rows) + " rows", "This is a fault of rowcall's own. Please report it."});
  }
  if (state_.whole) return {};
  if (state_.parts.empty()) {
    // A table without rows has its columns all the same.
    TRY_VOID(begin_part());
    TRY(PartInfo empty, publish());
    static_cast<void>(empty);
  }
  if (notes_ != nullptr) {
    TRY_VOID(notes_->check());
    TRY_VOID(notes_->finish());
  }
  if (state_.replacing) TRY_VOID(replace_old());
  TRY_VOID(put_manifest(folder_, /*complete=*/true));
  TRY_VOID(folder_.put(kSuccessName, ""));
  state_.whole = true;
  TRY_VOID(state_.save(staging_));
  unlock(folder_, lock_);
  return {};
}

Result<void> FolderSink::remove_success() const {
  TRY(std::optional<std::string> there, folder_.get(kSuccessName));
  return there ? folder_.remove(kSuccessName) : Result<void>{};
}

Result<void> FolderSink::replace_old() {
  TRY_VOID(remove_success());
  if (notes_ == nullptr) TRY_VOID(remove_notes(folder_, 0));
  TRY(std::vector<Folder::Entry> ready, parts_folder_.list());
  for (const Folder::Entry& entry : ready) {
    if (is_part(entry)) TRY_VOID(folder_.take(parts_folder_, entry.name));
  }
  TRY_VOID(remove_parts_but_ours(folder_));
  if (notes_ != nullptr) TRY_VOID(notes_->move_to(folder_));
  return parts_folder_.remove_all();
}

void FolderSink::abort() {
  part_.reset();
}

}  // namespace rowcall::files
