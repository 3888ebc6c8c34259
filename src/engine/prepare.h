// SPDX-License-Identifier: Apache-2.0
// What must be right before the first row is called: columns, templates, secrets, rules.
#pragma once

#include <optional>
#include <string>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/table.h"

#include "mapping/answer_mapper.h"
#include "mapping/request_mapper.h"
#include "policy/classify.h"
#include "table/row_reader.h"

namespace rowcall::engine {

/// A job made ready for one source.
struct Prepared {
  OwnedSchema input;   ///< The source's columns.
  OwnedSchema output;  ///< The sink's: those, then the answers'.
  SourceInfo source;
  table::RowReader reader;
  mapping::RequestMapper requests;
  mapping::AnswerMapper answers;
  policy::Classifier classifier;
  int in_flight_max;              ///< Resolved: never 0.
  std::optional<Request> health;  ///< What is asked every `request.health_every`, if anything is.
};

/// Opens the source far enough to know its columns, and compiles everything that depends on them.
Result<Prepared> prepare(const Job& job, TableSource& source, const std::string& run_id);

}  // namespace rowcall::engine
