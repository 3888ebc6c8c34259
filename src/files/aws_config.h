// SPDX-License-Identifier: Apache-2.0
// What the files of AWS's own tools say, as far as the SDK does not tell us.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace rowcall::files {

/// The `region` of a profile in the text of ~/.aws/config: of [default], or of [profile NAME]. Empty: none.
std::string profile_region(std::string_view config, std::string_view profile);

}  // namespace rowcall::files
