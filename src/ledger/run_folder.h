// SPDX-License-Identifier: Apache-2.0
// The run directory: one run at a time, its frozen job, and its ledger.
//
// Used by one thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "rowcall/error.h"

#include "ledger/ledger.h"

namespace rowcall::ledger {

class RunFolder {
 public:
  /// Makes the folder if need be and locks it: a second run on it fails with kSetting. The lock is the
  /// system's (flock), so a crash cannot leave it behind.
  static Result<RunFolder> open(const std::filesystem::path& path);
  /// The folder of a run that exists; fails with kNotFound if there is none.
  static Result<RunFolder> open_existing(const std::filesystem::path& path);
  /// True while a process holds the folder's lock. Looks only.
  static bool is_running(const std::filesystem::path& path);
  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&& other) noexcept;
  ~RunFolder();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path job_file() const { return path_ / "job.toml"; }
  std::filesystem::path ledger_file() const { return path_ / "ledger.db"; }
  std::filesystem::path call_log() const { return path_ / "calls.log"; }
  std::filesystem::path failures() const { return path_ / "failures"; }
  std::filesystem::path staging() const { return path_ / "staging"; }

  /// The run's ledger; nothing if it has not begun. That of a folder from before there were ledgers is made.
  Result<std::unique_ptr<Ledger>> ledger() const;
  /// A ledger for a new run.
  Result<std::unique_ptr<Ledger>> begin(const RunState& state) const;
  /// Forgets the run: everything the folder held of it is removed.
  Result<void> clear() const;

 private:
  RunFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace rowcall::ledger
