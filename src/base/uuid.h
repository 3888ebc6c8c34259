// SPDX-License-Identifier: Apache-2.0
// Name-based UUIDs (RFC 9562, version 5).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace rowcall {

using Uuid = std::array<unsigned char, 16>;

/// The UUID of `name` inside `space`: the first 16 bytes of SHA-1(space + name), marked as version 5.
Uuid uuid5(const Uuid& space, std::string_view name);

/// The namespace all rowcall keys are made in.
extern const Uuid kRowcallSpace;

/// Appends the usual form, as in 2ed6657d-e927-568b-95e1-2665a8aea6a2.
void append_uuid(std::string& out, const Uuid& uuid);

}  // namespace rowcall
