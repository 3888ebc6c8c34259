// SPDX-License-Identifier: Apache-2.0
// A folder on disk, or the keys under a prefix in S3: small operations on the files in it.
//
// Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "files/storage.h"

namespace rowcall::files {

class Folder {
 public:
  /// `place` with or without a slash at its end. Nothing is looked up or made yet.
  Folder(Place place, const S3Spec& s3);

  struct Entry {
    std::string name;
    std::int64_t bytes = 0;
    bool folder = false;
  };
  /// What is in it, sorted by name; empty when it does not exist.
  Result<std::vector<Entry>> list() const;
  /// Where a file in it is.
  Place file(std::string_view name) const;
  Folder folder(std::string_view name) const;
  /// The content of a small file; nothing when it is not there.
  Result<std::optional<std::string>> get(std::string_view name) const;
  /// Writes a small file, whole, in place of an old one.
  Result<void> put(std::string_view name, std::string_view content) const;
  Result<void> remove(std::string_view name) const;
  /// Moves a file of `from` here, in place of an old one. In S3 that is a copy inside the store.
  Result<void> take(const Folder& from, std::string_view name) const;
  /// Removes the folder itself, which must hold nothing that is worth keeping.
  Result<void> remove_all() const;

  const Place& place() const { return place_; }

 private:
  Place place_;  // without the slash
  S3Spec s3_;
};

}  // namespace rowcall::files
