// SPDX-License-Identifier: Apache-2.0
// From a `Value` to what a field of the job holds: one function for each kind of setting.
//
// `expects` is what the value should have been, in words; the complaint repeats it. The functions know no
// setting by name. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/job.h"
#include "rowcall/time.h"

#include "settings/complaint.h"
#include "settings/value.h"

namespace rowcall::settings {

/// What a number, a duration (in nanoseconds) or a size may be, both ends included.
struct Range {
  std::int64_t least = 0;
  std::int64_t most = INT64_MAX;
};

std::string whole_form(Range range);                            ///< "a whole number from 1 to 1,000".
std::string duration_form(Range range);                         ///< "a duration from 1ms to 1d, such as ...".
std::string bytes_form(Range range);                            ///< "a size from 1KB to 1GB, such as ...".
std::string choice_form(std::span<const std::string> choices);  ///< "one of "csv", "json"".

Read<bool> read_truth(const Value& value, const std::string& expects);
Read<std::int64_t> read_whole(const Value& value, Range range, const std::string& expects);
/// A whole number up to 2^64 - 1; beyond 2^63 - 1 it is written as text.
Read<std::uint64_t> read_seed(const Value& value, const std::string& expects);
Read<double> read_real(const Value& value, double least, double most, const std::string& expects);
/// "10%" or 0.1, from 0 to 1.
Read<double> read_share(const Value& value, const std::string& expects);
Read<Duration> read_duration(const Value& value, Range range, const std::string& expects);
Read<std::int64_t> read_bytes(const Value& value, Range range, const std::string& expects);
/// Valid UTF-8 without a zero byte.
Read<std::string> read_text(const Value& value, const std::string& expects);
/// One ASCII character; "\t" and "tab" mean the tab.
Read<char> read_character(const Value& value, const std::string& expects);
/// The index of a word in `choices`; capital letters do not matter.
Read<std::size_t> read_choice(const Value& value, std::span<const std::string> choices,
                              const std::string& expects);
/// A text is a list of one.
Read<std::vector<std::string>> read_texts(const Value& value, const std::string& expects);

/// Share of attempts or rows, and a number of rows: at most one of each.
struct Caps {
  std::int64_t count = 0;
  double share = 0;
};
/// 100, "100", "2%", or a list of a number and a share.
Read<Caps> read_caps(const Value& value, const std::string& expects);

/// The complaint about a value of another type or form, which repeats it.
Complaint not_what(const Value& value, const std::string& expects, std::string mend = {});

Value share_value(double share);  ///< "10%", or a number when no short percentage reads back the same.
Value caps_value(Caps caps);
Value texts_value(const std::vector<std::string>& texts);  ///< A text when there is exactly one.

}  // namespace rowcall::settings
