// SPDX-License-Identifier: Apache-2.0
// Small files on the local disk: read whole, replaced whole.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "rowcall/error.h"

namespace rowcall {

/// The whole content of a file.
Result<std::string> read_file(const std::filesystem::path& path);

/// Replaces a file so that readers, and a crash at any moment, see the old or the new content whole:
/// written beside it, synced, renamed, folder synced.
Result<void> write_file(const std::filesystem::path& path, std::string_view content);

/// Makes a folder and its parents.
Result<void> make_folder(const std::filesystem::path& path);

/// Makes a rename or a new file in `folder` durable.
Result<void> sync_folder(const std::filesystem::path& folder);

/// The error for a failed system call on `path`; `error_number` is errno.
Error disk_error(const std::filesystem::path& path, std::string_view doing, int error_number);

}  // namespace rowcall
