// SPDX-License-Identifier: Apache-2.0
// Rows cut out of tables, and tables set side by side, without copying.
//
// The arrays that come out keep the tables alive that they look into; they may be released on any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "rowcall/arrow.h"

namespace rowcall::table {

/// A struct array that several slices look into.
using SharedTable = std::shared_ptr<const OwnedArray>;

SharedTable share(OwnedArray table);

/// The rows of a table from `from` on.
struct Cut {
  SharedTable table;
  std::int64_t from = 0;
};

/// A struct array of `count` rows with the columns of all cuts, in order.
OwnedArray side_by_side(const std::vector<Cut>& cuts, std::int64_t count);

/// A struct array of `count` rows in which every value is null.
OwnedArray all_null(const ArrowSchema& schema, std::int64_t count);

}  // namespace rowcall::table
