// SPDX-License-Identifier: Apache-2.0
// Response -> columns: values found by JSON Pointer, put into typed cells, never onto another row.
//
// Belongs to the loop thread of one run (it owns JSON parsers that are used again and again).
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/outcome.h"

#include "table/answer_columns.h"
#include "table/schema.h"

namespace rowcall::mapping {

/// Where the rows of one call stand in their batch.
struct RowSpan {
  std::int64_t first = 0;
  int count = 1;
};

/// What the mapping made of one call's answer.
struct Mapped {
  /// One for each row of the call; empty means the row's columns are set.
  std::vector<std::string> row_errors;
  /// Set when the whole answer cannot be used; then no row was touched.
  std::string call_error;
};

class AnswerMapper {
 public:
  /// Fails for a wrong pointer, an unknown type, two columns of the same name; names the setting.
  /// `taken` are the source's column names.
  static Result<AnswerMapper> make(const Job& job, const std::vector<std::string>& taken);
  AnswerMapper(AnswerMapper&&) noexcept;
  AnswerMapper& operator=(AnswerMapper&&) noexcept;
  ~AnswerMapper();

  /// The columns added to a row, in order: declared ones, then raw, status, attempts, latency_ms.
  const std::vector<table::Column>& columns() const { return columns_; }

  /// What the body rules make of an answer that the status calls a success; nothing if no rule applies.
  /// `body` may be enlarged (not changed) to make room for the parser.
  std::optional<OutcomeClass> judge(std::string& body, std::string& message);

  /// Takes the declared columns (and `raw`) out of the answer to one call. `keys` are the rows' match keys.
  Mapped extract(std::string& body, RowSpan rows, const std::vector<std::string>& keys,
                 table::AnswerColumns& into);

  /// Fills the columns that tell of the call itself.
  void note_call(const Reply& reply, int attempts, RowSpan rows, table::AnswerColumns& into) const;

 private:
  struct Parsers;
  struct Wanted {
    std::string pointer;
    table::ColumnType type;
    bool required;
  };

  AnswerMapper();
  std::string invalid_json(std::string& body);
  void extract_one(std::string& body, RowSpan rows, table::AnswerColumns& into, Mapped& mapped);
  void extract_many(std::string& body, RowSpan rows, const std::vector<std::string>& keys,
                    table::AnswerColumns& into, Mapped& mapped);
  std::string match_by_position(simdjson::ondemand::array& items, int count,
                                std::vector<std::vector<int>>& places);
  std::string match_by_key(simdjson::ondemand::array& items, const std::vector<std::string>& keys,
                           std::vector<std::vector<int>>& places, Mapped& mapped);
  template <class Complain>
  void extract_places(simdjson::ondemand::value item, std::int64_t first, const std::vector<int>& places,
                      table::AnswerColumns& into, Complain complain);
  std::string extract_scalar(simdjson::ondemand::value item, std::int64_t row, table::AnswerColumns& into);
  template <class Container>
  std::string extract_item(Container& item, std::int64_t row, table::AnswerColumns& into);

  ResponseSpec spec_;
  std::vector<BodyRule> rules_;
  std::vector<Wanted> wanted_;
  std::vector<table::Column> columns_;
  std::size_t raw_ = SIZE_MAX;
  std::size_t status_ = SIZE_MAX;
  std::size_t attempts_ = SIZE_MAX;
  std::size_t latency_ms_ = SIZE_MAX;
  bool many_rows_ = false;
  std::unique_ptr<Parsers> parsers_;
};

}  // namespace rowcall::mapping
