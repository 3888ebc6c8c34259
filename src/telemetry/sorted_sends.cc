// SPDX-License-Identifier: Apache-2.0
#include "telemetry/sorted_sends.h"

#include <algorithm>

#include "base/parse.h"
#include "base/try.h"

namespace rowcall::telemetry {
namespace {

Error too_far_out_of_order(std::size_t held, std::int64_t lateness) {
  Error error;
  error.code = ErrorCode::kInput;
  error.place = "calls.log";
  error.found = grouped(static_cast<std::int64_t>(held)) +
                " calls sent before others that stand before them, up to " +
                duration_words(Duration(lateness)) + " apart";
  error.expected = "calls roughly in the order in which they ended";
  error.mend = "The clock of the machine may have been set back between two sessions of the run.";
  return error;
}

}  // namespace

// What is `lateness` older than the newest one read cannot be overtaken any more.
Result<void> SortedSends::read_ahead(const std::vector<bool>& wanted) {
  while (!ended_ && (held_.empty() || held_.top().at > newest_ - lateness_)) {
    LoggedCall call;
    TRY(bool more, reader_.next(call));
    if (!more) {
      ended_ = true;
      break;
    }
    newest_ = any_ ? std::max(newest_, call.sent_ns) : call.sent_ns;
    any_ = true;
    if (!wanted[static_cast<std::size_t>(call.session)]) continue;
    held_.push({call.sent_ns, call.session, static_cast<std::uint32_t>(call.weight)});
    if (held_.size() > held_max_) return failure(too_far_out_of_order(held_.size(), lateness_));
  }
  return {};
}

Result<bool> SortedSends::next(const std::vector<bool>& wanted) {
  TRY_VOID(read_ahead(wanted));
  if (held_.empty()) return false;
  Send send = held_.top();
  sent_ns_ = send.at;
  session_ = send.session;
  weight_ = send.weight;
  held_.pop();
  return true;
}

}  // namespace rowcall::telemetry
