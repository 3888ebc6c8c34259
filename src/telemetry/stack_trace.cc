// SPDX-License-Identifier: Apache-2.0
#include "telemetry/stack_trace.h"

#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <string_view>

#include <boost/core/demangle.hpp>
#include <boost/stacktrace.hpp>

namespace rowcall::telemetry {
namespace {

constexpr std::size_t kDepthMax = 64;

std::string hex(std::uintptr_t number) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "0x%zx", static_cast<std::size_t>(number));
  return buffer;
}

std::string described(const void* address) {
  auto at = reinterpret_cast<std::uintptr_t>(address);
  Dl_info info{};
  if (::dladdr(address, &info) == 0 || info.dli_fname == nullptr) return hex(at);
  std::string_view file = info.dli_fname;
  std::string out;
  if (info.dli_sname != nullptr) {
    out = boost::core::demangle(info.dli_sname) + " + " +
          hex(at - reinterpret_cast<std::uintptr_t>(info.dli_saddr)) + " ";
  }
  out += "(";
  out += file.substr(file.rfind('/') + 1);
  return out + "+" + hex(at - reinterpret_cast<std::uintptr_t>(info.dli_fbase)) + ")";
}

}  // namespace

[[gnu::noinline]] std::string stack_trace(std::size_t skip) {
  boost::stacktrace::stacktrace trace(skip + 1, kDepthMax);
  std::string out;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    out += "#" + std::to_string(i) + " " + described(trace[i].address()) + "\n";
  }
  return out;
}

}  // namespace rowcall::telemetry
