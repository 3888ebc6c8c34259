// SPDX-License-Identifier: Apache-2.0
// The run directory: one run at a time, its frozen job, and its ledger.
//
// Used by one thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "rowcall/error.h"

#include "base/file_lock.h"
#include "ledger/ledger.h"

namespace rowcall::ledger {

class RunFolder {
 public:
  /// Makes the folder if need be and locks it: a second run on it fails with kSetting. The lock is the
  /// system's, so a crash cannot leave it behind.
  static Result<RunFolder> open(const std::filesystem::path& path);
  /// The folder of a run that exists; fails with kNotFound if there is none.
  static Result<RunFolder> open_existing(const std::filesystem::path& path);
  /// True while a process holds the folder's lock. Looks only.
  static bool is_running(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path job_file() const { return path_ / "job.toml"; }
  std::filesystem::path ledger_file() const { return path_ / "ledger.db"; }
  std::filesystem::path call_log() const { return path_ / "calls.log"; }
  /// What was sent from another run directory, which was lost.
  std::filesystem::path lost_run() const { return path_ / "lost_run.txt"; }
  std::filesystem::path failures() const { return path_ / "failures"; }
  std::filesystem::path staging() const { return path_ / "staging"; }

  /// The run's ledger; nothing if it has not begun. That of a folder from before there were ledgers is made.
  Result<std::unique_ptr<Ledger>> ledger() const;
  /// A ledger for a new run, or one whose run directory was lost; see Ledger::create.
  Result<std::unique_ptr<Ledger>> begin(const RunState& state, const SegmentPieces& kept = {}) const;
  /// Forgets the run: everything the folder held of it is removed.
  Result<void> clear() const;

 private:
  RunFolder(std::filesystem::path path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  FileLock lock_;
};

}  // namespace rowcall::ledger
