// SPDX-License-Identifier: Apache-2.0
#include "telemetry/resources.h"

#include <sys/resource.h>

#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/disk.h"
#include "base/parse.h"

namespace rowcall::telemetry {

Duration cpu_used() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  auto whole = [](const timeval& t) {
    return Duration(std::chrono::seconds(t.tv_sec)) + std::chrono::microseconds(t.tv_usec);
  };
  return whole(use.ru_utime) + whole(use.ru_stime);
}

std::int64_t rss_max_bytes() {
  auto status = read_file("/proc/self/status");
  if (!status) return 0;
  std::string_view text = *status;
  auto at = text.find("VmHWM:");
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + 6);
  auto kilobytes = parse_int(trimmed(text.substr(0, text.find("kB"))));
  return kilobytes.value_or(0) * 1024;
}

ProcessState process_state() {
  ProcessState out;
  auto status = read_file("/proc/self/status");
  if (!status) return out;
  auto number = [&](std::string_view key) -> std::int64_t {
    std::string_view text = *status;
    auto at = text.find(key);
    if (at == std::string_view::npos) return 0;
    text.remove_prefix(at + key.size());
    text = trimmed(text.substr(0, text.find('\n')));
    return parse_int(text.substr(0, text.find(' '))).value_or(0);
  };
  out.rss_bytes = number("VmRSS:") * 1024;
  out.threads = static_cast<int>(number("Threads:"));
  std::error_code ignored;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", ignored);
       !ignored && it != std::filesystem::directory_iterator(); it.increment(ignored)) {
    ++out.open_files;
  }
  return out;
}

}  // namespace rowcall::telemetry
