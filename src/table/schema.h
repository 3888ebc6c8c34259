// SPDX-License-Identifier: Apache-2.0
// Schemas: what a source has, what a sink gets.
//
// Any thread; nothing is shared.
#pragma once

#include <string>
#include <vector>

#include "rowcall/arrow.h"
#include "rowcall/error.h"

#include "table/column_type.h"

namespace rowcall::table {

/// A column of our own making.
struct Column {
  std::string name;
  ColumnType type;
};

/// The names of a struct schema's columns, in order.
std::vector<std::string> column_names(const ArrowSchema& schema);

/// A deep copy.
OwnedSchema copy_of(const ArrowSchema& schema);

/// The columns of `first`, then `more`: the schema of a sink.
OwnedSchema extended(const ArrowSchema& first, const std::vector<Column>& more);

/// One line a column, "name: type", for people.
std::string described(const ArrowSchema& schema);

}  // namespace rowcall::table
