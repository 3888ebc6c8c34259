// SPDX-License-Identifier: Apache-2.0
#include "files/folder.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/disk.h"
#include "base/try.h"
#include "files/checked.h"
#include "files/output_file.h"

namespace rowcall::files {

namespace fs = std::filesystem;

Folder::Folder(Place place, const S3Spec& s3) : place_(std::move(place)), s3_(s3) {
  while (place_.path.size() > 1 && place_.path.ends_with('/')) place_.path.pop_back();
  while (place_.shown.size() > 1 && place_.shown.ends_with('/')) place_.shown.pop_back();
}

Place Folder::file(std::string_view name) const {
  Place place = place_;
  place.path += "/" + std::string(name);
  place.shown += "/" + std::string(name);
  return place;
}

Folder Folder::folder(std::string_view name) const {
  return Folder(file(name), s3_);
}

Result<std::vector<Folder::Entry>> Folder::list() const {
  TRY(auto store, file_system(place_, s3_));
  arrow::fs::FileSelector in_here;
  in_here.base_dir = place_.path;
  in_here.allow_not_found = true;
  TRY(std::vector<arrow::fs::FileInfo> found, checked(store->GetFileInfo(in_here), place_, "list"));
  std::vector<Entry> entries;
  for (const arrow::fs::FileInfo& info : found) {
    entries.push_back({info.base_name(), info.size(), info.IsDirectory()});
  }
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

Result<std::optional<std::string>> Folder::get(std::string_view name) const {
  std::optional<std::string> content;
  Place where = file(name);
  TRY(auto store, file_system(where, s3_));
  TRY(arrow::fs::FileInfo info, checked(store->GetFileInfo(where.path), where, "look at"));
  if (!info.IsFile()) return content;
  TRY(auto stream, checked(store->OpenInputFile(info), where, "read"));
  TRY(auto buffer, checked(stream->Read(info.size()), where, "read"));
  content =
      std::string(reinterpret_cast<const char*>(buffer->data()), static_cast<std::size_t>(buffer->size()));
  return content;
}

Result<void> Folder::put(std::string_view name, std::string_view content) const {
  Place where = file(name);
  if (!where.s3) {
    TRY_VOID(make_folder(place_.path));
    return write_file(where.path, content);
  }
  TRY(OutputFile out, OutputFile::create(where, s3_));
  TRY_VOID(checked(out.stream()->Write(content.data(), static_cast<std::int64_t>(content.size())), where,
                   "write"));
  TRY(std::int64_t bytes, out.commit());
  static_cast<void>(bytes);
  return {};
}

Result<void> Folder::remove(std::string_view name) const {
  Place where = file(name);
  TRY(auto store, file_system(where, s3_));
  return checked(store->DeleteFile(where.path), where, "remove");
}

Result<void> Folder::take(const Folder& from, std::string_view name) const {
  Place old_place = from.file(name);
  Place new_place = file(name);
  if (!place_.s3) {
    TRY_VOID(make_folder(place_.path));
    if (std::rename(old_place.path.c_str(), new_place.path.c_str()) != 0) {
      return failure(disk_error(new_place.path, "moving a part to", errno));
    }
    return sync_folder(place_.path);
  }
  TRY(auto store, file_system(place_, s3_));
  return checked(store->Move(old_place.path, new_place.path), new_place, "move a part to");
}

Result<void> Folder::remove_all() const {
  if (place_.s3) {
    TRY(auto store, file_system(place_, s3_));
    return checked(store->DeleteDir(place_.path), place_, "remove");
  }
  std::error_code error;
  fs::remove_all(place_.path, error);
  if (error) return failure(disk_error(place_.path, "removing", error.value()));
  return {};
}

}  // namespace rowcall::files
