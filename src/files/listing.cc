// SPDX-License-Identifier: Apache-2.0
#include "files/listing.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/status.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <utility>

#include "base/parse.h"
#include "base/try.h"
#include "files/file_kind.h"
#include "files/name_pattern.h"
#include "table/calendar.h"

namespace rowcall::files {
namespace {

// Sets format and compression, by name or as the settings say.
Result<void> recognise(ListedFile& file, const SourceSpec& spec) {
  std::string name = lower(file.place.path);
  // "Tab separated" is CSV with another delimiter.
  if (std::size_t at = name.rfind(".tsv");
      at != std::string::npos && name.find('/', at) == std::string::npos) {
    file.tabs = true;
    name[at + 1] = 'c';
  }
  FileKind kind = kind_of_name(name);
  Compression by_name = kind.compression;
  file.format = spec.format;
  if (file.format == FileFormat::kAuto) {
    if (kind.format == FileFormat::kAuto) {
      return failure({ErrorCode::kInput, file.place.shown,
                      file.standard_input ? "standard input has no name that tells its format"
                                          : "the name tells no format",
                      "a name that ends in .csv, .tsv, .ndjson, .jsonl, .json or .parquet, with .gz or .zst "
                      "behind it if compressed",
                      "Set source.format (--from-format)."});
    }
    file.format = kind.format;
  }
  file.compression = spec.compression == Compression::kAuto ? by_name : spec.compression;
  if (file.format == FileFormat::kParquet) {
    if (by_name != Compression::kNone) {
      return failure({ErrorCode::kInput, file.place.shown,
                      "a Parquet file in a " + std::string(name_of(by_name)) + " file",
                      "a plain .parquet file, which is compressed inside", "Unpack it first."});
    }
    file.compression = Compression::kNone;
    if (!file.seekable) {
      return failure({ErrorCode::kInput, file.place.shown, "Parquet from a stream",
                      "a file: a Parquet file is read from its end", "Save it to a file first."});
    }
  }
  if (file.compression == Compression::kSnappy) {
    return failure({ErrorCode::kSetting, "source.compression", "snappy",
                    "none, gzip or zstd: snappy text has no stream format",
                    "Parquet files say themselves how they are compressed; leave it at auto for them."});
  }
  return {};
}

std::string time_text(arrow::fs::TimePoint time) {
  if (time == arrow::fs::kNoTime) return "";
  std::string text;
  table::append_timestamp(text, time.time_since_epoch().count(), 1'000'000'000, true);
  return text;
}

ListedFile listed(const arrow::fs::FileInfo& info, const Place& place) {
  ListedFile file;
  file.place = place;
  file.seekable = info.type() == arrow::fs::FileType::File;
  if (file.seekable) {
    file.bytes = info.size();
    file.modified = time_text(info.mtime());
  }
  return file;
}

Place place_below(const Place& folder, const std::string& path) {
  return {folder.s3, path, folder.s3 ? "s3://" + path : path};
}

// All files in and below a folder, sorted, that `wanted` takes by their whole path.
template <class Wanted>
Result<std::vector<ListedFile>> search(const std::shared_ptr<arrow::fs::FileSystem>& system,
                                       const Place& folder, int depth, Wanted wanted) {
  arrow::fs::FileSelector selector;
  selector.base_dir = folder.path.empty() && !folder.s3 ? "." : folder.path;
  selector.allow_not_found = true;
  selector.recursive = depth > 0;
  selector.max_recursion = depth;
  auto found = system->GetFileInfo(selector);
  if (!found.ok()) return failure(storage_error(found.status(), folder, "list"));
  std::vector<ListedFile> files;
  for (const arrow::fs::FileInfo& info : *found) {
    if (info.type() == arrow::fs::FileType::Directory) continue;
    std::string path = info.path();
    if (path.starts_with("./") && folder.path.empty()) path.erase(0, 2);
    if (wanted(path)) files.push_back(listed(info, place_below(folder, path)));
  }
  std::ranges::sort(files, {}, [](const ListedFile& file) { return file.place.path; });
  return files;
}

Result<std::vector<ListedFile>> search_folder(const std::shared_ptr<arrow::fs::FileSystem>& system,
                                              const Place& folder) {
  std::size_t prefix = folder.path.size();
  auto seen = [&](std::string_view path) {
    path.remove_prefix(std::min(prefix, path.size()));
    while (!path.empty()) {
      std::size_t slash = std::min(path.find('/'), path.size());
      if (slash > 0 && is_hidden(path.substr(0, slash))) return false;
      path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return true;
  };
  TRY(std::vector<ListedFile> files, search(system, folder, std::numeric_limits<int>::max(), seen));
  if (files.empty()) {
    return failure({ErrorCode::kNotFound, folder.shown, "a folder without files", "files to read",
                    "Names that begin with \"_\" or \".\" or end in \".part\" are passed over."});
  }
  return files;
}

Result<std::vector<ListedFile>> search_pattern(const std::shared_ptr<arrow::fs::FileSystem>& system,
                                               const Place& pattern) {
  Place folder = place_below(pattern, folder_of_pattern(pattern.path));
  if (folder.s3 && folder.path.empty()) {
    return failure(
        {ErrorCode::kSetting, pattern.shown, "a pattern in the bucket's name", "s3://BUCKET/PATTERN", ""});
  }
  auto wanted = [&](std::string_view path) { return matches_pattern(pattern.path, path); };
  TRY(std::vector<ListedFile> files, search(system, folder, depth_of_pattern(pattern.path), wanted));
  if (files.empty()) {
    return failure({ErrorCode::kNotFound, pattern.shown, "no file matches", "at least one file",
                    "Looked in " +
                        (folder.shown.empty() ? std::string("the current directory") : folder.shown) +
                        "; `**` looks into subfolders, names that begin with \"_\" or \".\" must be named."});
  }
  return files;
}

Result<std::vector<ListedFile>> files_at(const std::string& path, const S3Spec& s3) {
  if (path == "-") {
    ListedFile file;
    file.place = {false, "-", "standard input"};
    file.standard_input = true;
    file.seekable = false;
    return std::vector<ListedFile>{file};
  }
  TRY(Place place, place_of(path));
  TRY(auto system, file_system(place, s3));
  // A local file may really be called "a[1].csv".
  if (is_pattern(place.path) && place.s3) return search_pattern(system, place);
  auto info = system->GetFileInfo(place.path);
  if (!info.ok()) return failure(storage_error(info.status(), place, "find"));
  if (info->type() == arrow::fs::FileType::NotFound) {
    if (is_pattern(place.path)) return search_pattern(system, place);
    return failure({ErrorCode::kNotFound, place.shown, place.s3 ? "no such object" : "no such file or folder",
                    "a file, a folder or a pattern such as in/*.csv", "Check source.path (--from)."});
  }
  if (info->type() == arrow::fs::FileType::Directory) return search_folder(system, place);
  return std::vector<ListedFile>{listed(*info, place)};
}

}  // namespace

Result<std::vector<ListedFile>> list_files(const SourceSpec& spec, const S3Spec& s3) {
  if (spec.paths.empty()) {
    return failure({ErrorCode::kSetting, "source.path", "nothing to read",
                    "a file, folder, pattern, s3:// URI or \"-\"", ""});
  }
  std::vector<ListedFile> all;
  std::set<std::string> taken;
  for (const std::string& path : spec.paths) {
    TRY(std::vector<ListedFile> files, files_at(path, s3));
    for (ListedFile& file : files) {
      TRY_VOID(recognise(file, spec));
      if (!taken.insert((file.place.s3 ? "s3://" : "") + file.place.path).second) {
        return failure({ErrorCode::kSetting, "source.path", "\"" + file.place.shown + "\" is named twice",
                        "each file once: its rows would be called for twice", ""});
      }
      if (!all.empty() && all.front().format != file.format) {
        return failure({ErrorCode::kInput, file.place.shown,
                        std::string("a ") + name_of(file.format) + " file, while " + all.front().place.shown +
                            " is " + name_of(all.front().format),
                        "one format for all files of a source",
                        "Run them one after the other, or set source.format."});
      }
      all.push_back(std::move(file));
    }
  }
  return all;
}

}  // namespace rowcall::files
