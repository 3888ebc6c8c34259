// SPDX-License-Identifier: Apache-2.0
#include "files/text_columns.h"

#include <algorithm>
#include <utility>

#include "base/nearest.h"

namespace rowcall::files {

void TextColumns::add(std::string name, table::ColumnType type, bool found) {
  columns.push_back({std::move(name), type});
  exact.push_back(found);
}

Result<std::vector<std::optional<table::ColumnType>>> declared_types(const SourceSpec& spec,
                                                                     const std::vector<std::string>& names,
                                                                     bool may_be_new) {
  std::vector<std::optional<table::ColumnType>> types(names.size());
  for (const auto& [name, text] : spec.types) {
    auto type = table::ColumnType::parse(text);
    if (!type) {
      return failure({ErrorCode::kSetting, "source.types." + name, "\"" + text + "\"",
                      std::string(table::kColumnTypes), ""});
    }
    auto at = std::ranges::find(names, name);
    if (at != names.end()) {
      types[static_cast<std::size_t>(at - names.begin())] = *type;
    } else if (!may_be_new) {
      std::string near = nearest(name, names);
      return failure({ErrorCode::kSetting, "source.types." + name, "the source has no such column",
                      "one of its columns", near.empty() ? "" : "Did you mean \"" + near + "\"?"});
    }
  }
  return types;
}

std::int64_t estimated_rows(const TextSample& sample, std::int64_t bytes) {
  if (sample.whole) return sample.records;
  if (bytes < 0 || sample.records == 0 || sample.bytes == 0 || sample.file_bytes == 0 ||
      sample.bytes_read == 0)
    return -1;
  double unpacked = static_cast<double>(bytes) * static_cast<double>(sample.bytes_read) /
                    static_cast<double>(sample.file_bytes);
  return static_cast<std::int64_t>(unpacked * static_cast<double>(sample.records) /
                                   static_cast<double>(sample.bytes));
}

std::string quoted_column(const std::string& name) {
  return "column \"" + name + "\"";
}

}  // namespace rowcall::files
