// SPDX-License-Identifier: Apache-2.0
// Ranges of rows as text: "1200-1300 5000-5100", each without its end.
//
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/journal.h"

namespace rowcall::ledger {

std::string text_of(const std::vector<RowRange>& ranges);
/// Nothing when `text` is none of ours.
std::optional<std::vector<RowRange>> ranges_of(std::string_view text);

}  // namespace rowcall::ledger
