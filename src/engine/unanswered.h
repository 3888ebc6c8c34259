// SPDX-License-Identifier: Apache-2.0
// Records without an answer, gathered for the commit of their part: which they are, and why.
//
// By them a run whose run directory is lost knows which rows of its parts had failed. Bounded: rows of one
// reason are ranges, and of very many reasons the later ones lose their text. Used on the writing thread.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "rowcall/journal.h"

#include "engine/held_batch.h"
#include "engine/row_ranges.h"

namespace rowcall::engine {

class UnansweredRows {
 public:
  /// Different reasons that are told apart.
  static constexpr std::size_t kReasonsMost = 1000;
  /// Bytes of a message that are kept.
  static constexpr std::size_t kMessageBytes = 200;

  /// The failed and unreadable records of a batch.
  void add(const HeldBatch& batch);
  std::vector<Unanswered> all() const;
  void clear() { rows_.clear(); }

 private:
  // Class, status, attempts, message.
  using Reason = std::tuple<std::string, int, int, std::string>;
  void add(Reason reason, std::int64_t number);

  std::map<Reason, RowRanges> rows_;
};

}  // namespace rowcall::engine
