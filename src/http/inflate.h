// SPDX-License-Identifier: Apache-2.0
// Answers that come compressed although nobody asked for it.
#pragma once

#include <string>
#include <string_view>

#include "rowcall/error.h"

namespace rowcall::http {

/// The bytes behind a gzip or zlib ("deflate") body. Fails when it is damaged or cut off (kInput), or longer
/// than `bytes_max` (kStorage): a few bytes can stand for gigabytes.
Result<std::string> inflated(std::string_view packed, std::size_t bytes_max);

}  // namespace rowcall::http
