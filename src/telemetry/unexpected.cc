// SPDX-License-Identifier: Apache-2.0
#include "telemetry/unexpected.h"

#include <cxxabi.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <typeinfo>

#include <boost/core/demangle.hpp>

namespace rowcall::telemetry {
namespace {

constexpr LogFile kFile = LogFile::kProcessor;
constexpr unsigned kPatienceS = 5;

std::array<std::atomic<Logs*>, 16> watched;
std::atomic<std::terminate_handler> before = nullptr;

// What is in flight: "std::runtime_error: text", or that there is none.
std::string current_exception_text() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "std::terminate was called without an exception";
  std::string out = boost::core::demangle(type->name());
  try {
    throw;
  } catch (const std::exception& exception) {
    out += std::string(": ") + exception.what();
  } catch (...) {
    out += " (not a std::exception, so its type is all there is to say)";
  }
  return out;
}

[[noreturn]] void at_terminate() {
  // Should this thread hold a lock of the log, the writing below would wait for ever.
  ::alarm(kPatienceS);
  std::string what = "unexpected end: " + current_exception_text();
  std::string trace = stack_trace(1);
  for (std::atomic<Logs*>& slot : watched) {
    if (Logs* logs = slot.load()) log_unexpected(*logs, what, trace);
  }
  if (std::terminate_handler next = before.load(); next != nullptr && next != at_terminate) next();
  std::abort();
}

}  // namespace

void log_unexpected(Logs& logs, std::string_view what, const std::string& trace) {
  if (logs.format() == LogFormat::kJson) {
    logs.write(kFile, LogLevel::kCritical, what, {{"trace", trace}});
  } else {
    logs.write(kFile, LogLevel::kCritical, what);
    for (std::size_t at = 0; at < trace.size();) {
      std::size_t end = std::min(trace.find('\n', at), trace.size());
      logs.write(kFile, LogLevel::kCritical, "  " + trace.substr(at, end - at), {}, Echo::kFileOnly);
      at = end + 1;
    }
  }
  logs.flush();
}

void install_terminate_handler() {
  std::terminate_handler replaced = std::set_terminate(at_terminate);
  if (replaced != at_terminate) before = replaced;
}

TerminateWatch::TerminateWatch(Logs* logs) {
  for (std::size_t i = 0; i < watched.size(); ++i) {
    Logs* free = nullptr;
    if (!watched[i].compare_exchange_strong(free, logs)) continue;
    slot_ = static_cast<int>(i);
    return;
  }
}

TerminateWatch::~TerminateWatch() {
  if (slot_ >= 0) watched[static_cast<std::size_t>(slot_)] = nullptr;
}

}  // namespace rowcall::telemetry
