// SPDX-License-Identifier: Apache-2.0
// The version of rowcall, the same as in CMakeLists.txt (tests/tidy checks it).
#pragma once

namespace rowcall {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace rowcall
