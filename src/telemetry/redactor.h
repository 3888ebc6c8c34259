// SPDX-License-Identifier: Apache-2.0
// The last line of defence for secrets: whatever is about to be written for people is searched for the
// secret values themselves, and each occurrence is replaced.
//
// Events carry no secrets, so normally nothing is ever found. A server that echoes the key it was sent,
// or a library that puts a URL into its error text, would be caught here.
//
// Searched for besides the value itself: its percent-encoded form, its form inside JSON, and each line of
// a value of several lines (a private key). A form made elsewhere, such as the base64 of "user:password",
// has to be given as a value of its own. Values of fewer than 4 bytes are not searched for: masking them
// would make every line unreadable and hide nothing that could not be guessed.
//
// Immutable once made; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rowcall::telemetry {

class Redactor {
 public:
  static constexpr std::string_view kMask = "[secret]";

  Redactor() = default;
  explicit Redactor(const std::vector<std::string>& secrets);

  /// `text` with every occurrence masked.
  std::string masked(std::string_view text) const;
  /// The same in place; cheap when nothing is found.
  void mask(std::string& text) const;

 private:
  std::vector<std::string> needles_;  ///< Longest first, so that a secret inside another leaves no rest.
};

}  // namespace rowcall::telemetry
