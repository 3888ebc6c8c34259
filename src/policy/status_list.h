// SPDX-License-Identifier: Apache-2.0
// A set of HTTP status codes, written as "5XX,!501,408".
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

namespace rowcall::policy {

class StatusList {
 public:
  /// Reads codes ("429"), hundreds ("5XX"), spans ("500-503") and exclusions ("!501"), separated by
  /// commas; a later entry wins over an earlier one. Nothing when the text has another form, or when an
  /// exclusion takes nothing out: "!501" alone looks like "all but 501" and would be an empty list.
  static std::optional<StatusList> parse(std::string_view text);

  bool has(int status) const {
    return status >= 0 && status < 1000 && codes_[static_cast<std::size_t>(status)];
  }
  bool empty() const { return codes_.none(); }

 private:
  std::bitset<1000> codes_;
};

}  // namespace rowcall::policy
