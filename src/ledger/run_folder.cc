// SPDX-License-Identifier: Apache-2.0
#include "ledger/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/disk.h"
#include "base/try.h"
#include "ledger/old_state.h"

namespace rowcall::ledger {
namespace fs = std::filesystem;

namespace {

// `is_running` holds the lock for some microseconds, which must not stop a run.
int lock_now(int file) {
  int code = -1;
  for (int tries = 0; tries < 5 && code != 0; ++tries) {
    if (tries > 0) ::usleep(1000);
    code = ::flock(file, LOCK_EX | LOCK_NB);
  }
  return code;
}

}  // namespace

Result<RunFolder> RunFolder::open(const fs::path& path) {
  TRY_VOID(make_folder(path));
  fs::path lock_file = path / "lock";
  int lock = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) return failure(disk_error(lock_file, "creating", errno));
  if (lock_now(lock) != 0) {
    int why = errno;
    ::close(lock);
    if (why != EWOULDBLOCK) return failure(disk_error(lock_file, "locking", why));
    return failure({ErrorCode::kSetting, path.string(), "another run is using this run directory",
                    "one run at a time", "Wait for it, or name another with --run-dir."});
  }
  return RunFolder(path, lock);
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
  int lock = ::open((path / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (lock < 0) return false;
  bool held = ::flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(lock);
  return held;
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

RunFolder& RunFolder::operator=(RunFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

RunFolder::~RunFolder() {
  if (lock_ >= 0) ::close(lock_);
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

Result<std::unique_ptr<Ledger>> RunFolder::begin(const RunState& state) const {
  // What is there was never finished being made: `Ledger::open` has said so.
  for (const char* tail : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    fs::remove(ledger_file().string() + tail, ignored);
  }
  return Ledger::create(ledger_file(), state);
}

Result<void> RunFolder::clear() const {
  // The ledger first: without it there is no run, whatever else is left.
  for (const char* name :
       {"ledger.db", "ledger.db-wal", "ledger.db-shm", "state.json", "job.toml", "summary.json", "calls.log",
        "metrics.ndjson", "events.ndjson", "report.html", "report.json", "failures", "staging", "logs"}) {
    std::error_code error;
    fs::remove_all(path_ / name, error);
    if (error) return failure(disk_error(path_ / name, "removing", error.value()));
  }
  return {};
}

}  // namespace rowcall::ledger
