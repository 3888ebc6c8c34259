// SPDX-License-Identifier: Apache-2.0
// A batch on its way: rows that wait for their endings, and the answers that have come so far.
//
// Belongs to the loop thread until it is complete, then to the writing thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/outcome.h"
#include "rowcall/table.h"

#include "mapping/answer_mapper.h"
#include "table/answer_columns.h"
#include "table/schema.h"

namespace rowcall::engine {

/// Why a row failed, as noted when its call ended.
struct FailedRow {
  std::int64_t index = 0;  ///< Among the batch's readable rows.
  std::string error_class;
  int status = 0;
  int attempts = 0;
  std::string message;
  std::string body_excerpt;
};

/// The most of a body that the failure table shows.
inline constexpr std::size_t kExcerptBytes = 1000;

struct HeldBatch {
  /// `columns` are those of the answers, and must outlive the batch. `bytes` is what the input takes.
  HeldBatch(SourceBatch source_batch, std::int64_t bytes, const std::vector<table::Column>* columns);

  std::int64_t rows() const { return source.rows ? source.rows->length : 0; }
  /// The number of a readable row over the whole source, from 0.
  std::int64_t number(std::int64_t index) const;
  /// The readable row of that number, or -1.
  std::int64_t index_of(std::int64_t number) const;
  bool complete() const { return open == 0; }
  /// Memory held, roughly: input, answers, messages.
  std::int64_t bytes() const { return input_bytes + answers.bytes() + failure_bytes; }

  /// The first rows from `from` on that have no ending and belong in one call: calls begin at multiples of
  /// `rows_per_call`, so that they are the same ones whatever has ended before. None left: count 0.
  mapping::RowSpan open_rows(std::int64_t from, std::int64_t rows_per_call) const;

  void end(std::int64_t index, Ending ending);
  void fail(FailedRow failed);
  /// Forgets everything from the readable row `count` on: it will be done again by a later run.
  void cut(std::int64_t count);

  SourceBatch source;
  std::vector<std::optional<Ending>> endings;  ///< Of the readable rows.
  table::AnswerColumns answers;
  std::vector<FailedRow> failed;  ///< In the order in which they failed.
  std::int64_t open;              ///< Readable rows without an ending.
  std::int64_t input_bytes;
  std::int64_t failure_bytes = 0;
};

}  // namespace rowcall::engine
