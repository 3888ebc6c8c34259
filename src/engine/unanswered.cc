// SPDX-License-Identifier: Apache-2.0
#include "engine/unanswered.h"

#include <utility>

#include "base/utf8.h"

namespace rowcall::engine {

void UnansweredRows::add(Reason reason, std::int64_t number) {
  auto place = rows_.find(reason);
  if (place == rows_.end()) {
    if (rows_.size() >= kReasonsMost) {
      reason = {std::get<0>(reason), 0, 0, "the reason was one of too many to be kept"};
    }
    place = rows_.try_emplace(std::move(reason)).first;
  }
  place->second.add({number, number + 1});
}

void UnansweredRows::add(const HeldBatch& batch) {
  for (const FailedRow& failed : batch.failed) {
    add({failed.error_class, failed.status, failed.attempts, excerpt(failed.message, kMessageBytes)},
        batch.number(failed.index));
  }
  // Why a record cannot be read is seen again when it is read again.
  for (const UnreadableRow& row : batch.source.unreadable) add({"unreadable", 0, 0, ""}, row.row);
}

std::vector<Unanswered> UnansweredRows::all() const {
  std::vector<Unanswered> all;
  for (const auto& [reason, ranges] : rows_) {
    const auto& [error_class, status, attempts, message] = reason;
    all.push_back({error_class, status, attempts, message, ranges.all()});
  }
  return all;
}

}  // namespace rowcall::engine
