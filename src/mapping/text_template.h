// SPDX-License-Identifier: Apache-2.0
// Text with {{column}} in it, compiled once, filled in for every row.
//
// How a value is written depends on where it stands: percent-encoded in a URL, as JSON in a JSON body
// (escaped but without quotes of its own when it stands inside a JSON string), plain elsewhere. {{*}} is
// the whole row as a JSON object. \{{ stands for {{ itself.
//
// Immutable once made; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rowcall/error.h"

#include "table/row_reader.h"

namespace rowcall::mapping {

enum class Place { kUrl, kHeader, kJsonBody, kPlainBody };

class TextTemplate {
 public:
  /// Finds the columns in `reader`. Fails for an unknown column (with the nearest known one), an unclosed
  /// marker, and {{*}} outside a body; the error names `setting`.
  static Result<TextTemplate> make(std::string_view text, Place place, const table::RowReader& reader,
                                   std::string_view setting);
  /// The row as a JSON object of these columns (indices into the reader's).
  static TextTemplate json_object(const std::vector<int>& columns, const table::RowReader& reader);

  /// Appends the text for one row. `whole_row` is what {{*}} becomes; null if there is no {{*}}.
  void append(std::string& out, const table::RowReader& reader, std::int64_t row,
              const TextTemplate* whole_row = nullptr) const;

  /// The same with a ready text in the place of {{*}}, for templates without other columns.
  void append_around(std::string& out, std::string_view whole) const;

  /// The text, if no column stands in it.
  bool is_fixed() const { return segments_.empty(); }
  const std::string& fixed_text() const { return tail_; }
  bool has_whole_row() const { return has_whole_row_; }
  /// True when a single column's value decides (anything but {{*}}).
  bool has_columns() const { return has_columns_; }

 private:
  enum class As { kPercent, kText, kJson, kJsonInner, kWholeRow };
  struct Segment {
    std::string before;
    int column;
    As as;
  };

  std::vector<Segment> segments_;
  std::string tail_;
  bool has_whole_row_ = false;
  bool has_columns_ = false;
};

}  // namespace rowcall::mapping
