// SPDX-License-Identifier: Apache-2.0
// The words of include/rowcall/ as text: one spelling, used in logs, tables, summaries and Python.
#include <array>
#include <string>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/outcome.h"
#include "rowcall/report.h"

namespace rowcall {
namespace {

template <class Enum, std::size_t N>
const char* pick(const std::array<const char*, N>& names, Enum value) {
  auto index = static_cast<std::size_t>(value);
  return index < N ? names[index] : "unknown";
}

}  // namespace

const char* name_of(ErrorCode code) {
  static constexpr std::array names = {"setting", "input",   "not_found", "denied",     "network", "storage",
                                       "changed", "stopped", "api",       "accounting", "internal"};
  return pick(names, code);
}

const char* name_of(OutcomeClass c) {
  static constexpr std::array names = {"success", "no_match", "throttled", "transient", "permanent", "fatal"};
  return pick(names, c);
}

const char* name_of(TransportError e) {
  static constexpr std::array names = {"none",   "resolve", "connect",   "tls",      "certificate",
                                       "closed", "timeout", "too_large", "protocol", "cancelled"};
  return pick(names, e);
}

const char* name_of(Ending e) {
  static constexpr std::array names = {"ok", "no_match", "failed", "unreadable", "skipped"};
  return pick(names, e);
}

const char* name_of(RunEnd e) {
  static constexpr std::array names = {"complete", "stopped", "failed"};
  return pick(names, e);
}

const char* name_of(FileFormat f) {
  static constexpr std::array names = {"auto", "csv", "ndjson", "json", "parquet"};
  return pick(names, f);
}

const char* name_of(Compression c) {
  static constexpr std::array names = {"auto", "none", "gzip", "zstd", "snappy"};
  return pick(names, c);
}

std::string Error::text() const {
  std::string out = place;
  if (!out.empty() && !found.empty()) out += ": ";
  out += found;
  if (!expected.empty()) {
    if (!out.empty()) out += "; ";
    out += "expected " + expected;
  }
  if (!mend.empty()) {
    if (!out.empty()) out += out.back() == '.' ? " " : ". ";
    out += mend;
  }
  return out;
}

}  // namespace rowcall
