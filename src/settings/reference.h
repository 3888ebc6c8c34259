// SPDX-License-Identifier: Apache-2.0
// The reference of all settings, for people.
#pragma once

#include <string>

namespace rowcall::settings {

/// docs/settings.md: a section for each table of a job file, and in it each setting with what it means,
/// what it takes, its default, flag, variable and an example. Made from the table of settings; a test
/// compares it with the file.
std::string reference_markdown();

}  // namespace rowcall::settings
