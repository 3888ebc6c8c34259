// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known name closest to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rowcall {

/// The candidate with the fewest single-letter edits, transpositions of neighbours included (optimal
/// string alignment distance), if no more than a third of the longer name; otherwise "".
std::string nearest(std::string_view name, std::span<const std::string> candidates);

}  // namespace rowcall
