// SPDX-License-Identifier: Apache-2.0
#include "ledger/run_folder.h"

#include <optional>
#include <system_error>
#include <utility>

#include "base/disk.h"
#include "base/try.h"
#include "ledger/old_state.h"

namespace rowcall::ledger {
namespace fs = std::filesystem;

Result<RunFolder> RunFolder::open(const fs::path& path) {
  TRY_VOID(make_folder(path));
  TRY(std::optional<FileLock> lock, FileLock::take(path / "lock"));
  if (!lock) {
    return failure({ErrorCode::kSetting, path.string(), "another run is using this run directory",
                    "one run at a time", "Wait for it, or name another with --run-dir."});
  }
  return RunFolder(path, *std::move(lock));
}

Result<RunFolder> RunFolder::open_existing(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path / "job.toml", ignored)) {
    return failure({ErrorCode::kNotFound, path.string(), "no run there (there is no job.toml)",
                    "a run directory",
                    "Run directories are made by `rowcall run`; by default they are in runs/."});
  }
  return open(path);
}

bool RunFolder::is_running(const fs::path& path) {
  return FileLock::is_taken(path / "lock");
}

Result<std::unique_ptr<Ledger>> RunFolder::ledger() const {
  TRY(std::unique_ptr<Ledger> ledger, Ledger::open(ledger_file()));
  fs::path old_file = path_ / "state.json";
  std::error_code ignored;
  if (ledger || !fs::exists(old_file, ignored)) return ledger;
  TRY(std::string text, read_file(old_file));
  TRY(RunState state, parse_old_state(text, old_file.string()));
  TRY(ledger, begin(state));
  fs::remove(old_file, ignored);  // once more would change nothing
  return ledger;
}

Result<std::unique_ptr<Ledger>> RunFolder::begin(const RunState& state, const SegmentPieces& kept) const {
  // What is there was never finished being made: `Ledger::open` has said so.
  for (const char* tail : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    fs::remove(ledger_file().string() + tail, ignored);
  }
  return Ledger::create(ledger_file(), state, kept);
}

Result<void> RunFolder::clear() const {
  // The ledger first: without it there is no run, whatever else is left.
  for (const char* name :
       {"ledger.db", "ledger.db-wal", "ledger.db-shm", "state.json", "job.toml", "summary.json", "calls.log",
        "lost_run.txt", "unlogged_sends.txt", "metrics.ndjson", "events.ndjson", "report.html", "report.json",
        "failures", "staging", "logs"}) {
    std::error_code error;
    fs::remove_all(path_ / name, error);
    if (error) return failure(disk_error(path_ / name, "removing", error.value()));
  }
  return {};
}

}  // namespace rowcall::ledger
