// SPDX-License-Identifier: Apache-2.0
// A worker's side of the frames of wire.h, from bytes to messages and back. No I/O.
//
// Belongs to the loop thread of one run.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lease/heard.h"
#include "lease/wire.h"

namespace rowcall::lease {

class CoordinatorDialogue {
 public:
  /// `place` names the coordinator in errors.
  CoordinatorDialogue(std::string secret, std::string place);

  /// A new connection; returns what to send first.
  std::string begin();
  /// Bytes that have come, in pieces of whatever size.
  Heard hear(std::string_view bytes);
  /// Only after `terms` were heard.
  std::string say(const Reports& reports);

 private:
  void take(std::string_view body, Heard& heard);
  void greet(std::string_view body, Heard& heard);
  void welcome(std::string_view body, Heard& heard);

  std::string secret_;
  std::string place_;
  std::string unread_;
  std::optional<Seal> mine_;
  std::optional<Seal> theirs_;
  bool welcomed_ = false;
};

}  // namespace rowcall::lease
