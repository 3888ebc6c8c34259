// SPDX-License-Identifier: Apache-2.0
// One value of a JSON answer -> one cell, without losing a digit.
//
// Belongs to the thread that maps answers.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>

#include "table/answer_columns.h"

namespace rowcall::mapping {

/// What `store` did.
enum class Stored { kValue, kNull, kWrongType, kTooMuch };

/// Puts `value` into a cell of the column's type. Text is taken from strings only, numbers from numbers
/// only (integers without fraction or exponent), json from anything. kWrongType leaves the cell unset;
/// `found` then tells what stood there.
Stored store(simdjson::ondemand::value value, const table::ColumnType& type, table::AnswerColumns& columns,
             std::size_t column, std::int64_t row, std::string& found);

/// The text of a scalar as it would be written by hand: strings without quotes, numbers as they stand.
/// Nothing for null, arrays and objects.
std::optional<std::string> scalar_text(simdjson::ondemand::value value);

/// The JSON text of any value, as it stands in the answer.
std::optional<std::string_view> raw_text(simdjson::ondemand::value value);

}  // namespace rowcall::mapping
