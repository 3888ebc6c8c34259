// SPDX-License-Identifier: Apache-2.0
#include "mapping/text_template.h"

#include "base/encode.h"
#include "base/json_text.h"
#include "base/nearest.h"
#include "base/parse.h"

namespace rowcall::mapping {
namespace {

std::unexpected<Error> bad(std::string_view setting, std::string found, std::string expected,
                           std::string mend = "") {
  return failure(
      {ErrorCode::kSetting, std::string(setting), std::move(found), std::move(expected), std::move(mend)});
}

std::unexpected<Error> unknown_column(std::string_view setting, std::string_view name,
                                      const table::RowReader& reader) {
  std::vector<std::string> names;
  std::string list;
  for (int c = 0; c < reader.columns(); ++c) {
    names.push_back(reader.name(c));
    list += (c == 0 ? "" : ", ") + reader.name(c);
  }
  std::string close = nearest(name, names);
  return bad(setting, "no column \"" + std::string(name) + "\"", "one of: " + list,
             close.empty() ? "" : "Did you mean \"" + close + "\"?");
}

// Follows a JSON text literal to know whether its end lies inside a string.
bool inside_string_after(std::string_view literal, bool inside) {
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (inside && literal[i] == '\\') {
      ++i;
    } else if (literal[i] == '"') {
      inside = !inside;
    }
  }
  return inside;
}

}  // namespace

Result<TextTemplate> TextTemplate::make(std::string_view text, Place place, const table::RowReader& reader,
                                        std::string_view setting) {
  TextTemplate made;
  bool inside_string = false;
  std::string literal;
  while (!text.empty()) {
    if (text.starts_with("\\{{")) {
      literal += "{{";
      text.remove_prefix(3);
      continue;
    }
    if (!text.starts_with("{{")) {
      literal += text.front();
      text.remove_prefix(1);
      continue;
    }
    std::size_t end = text.find("}}");
    if (end == std::string_view::npos)
      return bad(setting, "{{ without }}", "{{column}}", "Write \\{{ for the text {{.");
    std::string_view name = trimmed(text.substr(2, end - 2));
    text.remove_prefix(end + 2);
    inside_string = inside_string_after(literal, inside_string);
    Segment segment{std::exchange(literal, {}), -1, As::kText};
    if (name == "*") {
      if (place != Place::kJsonBody && place != Place::kPlainBody) {
        return bad(setting, "{{*}}", "{{column}}: the whole row can only stand in a body");
      }
      segment.as = As::kWholeRow;
      made.has_whole_row_ = true;
    } else {
      segment.column = reader.find(name);
      if (segment.column < 0) return unknown_column(setting, name, reader);
      made.has_columns_ = true;
      if (place == Place::kUrl) segment.as = As::kPercent;
      if (place == Place::kJsonBody) segment.as = inside_string ? As::kJsonInner : As::kJson;
    }
    made.segments_.push_back(std::move(segment));
  }
  made.tail_ = std::move(literal);
  return made;
}

TextTemplate TextTemplate::json_object(const std::vector<int>& columns, const table::RowReader& reader) {
  TextTemplate made;
  std::string before = "{";
  for (int column : columns) {
    json::append_string(before, reader.name(column));
    before += ':';
    made.segments_.push_back({std::exchange(before, ","), column, As::kJson});
    made.has_columns_ = true;
  }
  made.tail_ = columns.empty() ? "{}" : "}";
  return made;
}

void TextTemplate::append(std::string& out, const table::RowReader& reader, std::int64_t row,
                          const TextTemplate* whole_row) const {
  for (const Segment& segment : segments_) {
    out += segment.before;
    switch (segment.as) {
      case As::kJson: reader.append_json(out, segment.column, row); break;
      case As::kText: reader.append_text(out, segment.column, row); break;
      case As::kWholeRow: whole_row->append(out, reader, row); break;
      case As::kPercent: {
        std::string text;
        reader.append_text(text, segment.column, row);
        append_percent(out, text);
        break;
      }
      case As::kJsonInner: {
        std::string text;
        reader.append_text(text, segment.column, row);
        json::append_escaped(out, text);
        break;
      }
    }
  }
  out += tail_;
}

void TextTemplate::append_around(std::string& out, std::string_view whole) const {
  for (const Segment& segment : segments_) out.append(segment.before).append(whole);
  out += tail_;
}

}  // namespace rowcall::mapping
