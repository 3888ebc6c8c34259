// SPDX-License-Identifier: Apache-2.0
#include "files/manifest.h"

#include <string_view>

#include "rowcall/version.h"

#include "base/json_text.h"

namespace rowcall::files {

std::string manifest_text(const SinkState& state, const arrow::Schema& schema, const FileKind& kind,
                          Compression compression, bool complete) {
  std::string text;
  std::int64_t bytes = 0;
  for (const SinkState::Part& part : state.parts) bytes += part.bytes;
  {
    json::Object manifest(text);
    manifest.text("written_by", "rowcall " + std::string(kVersion));
    manifest.truth("complete", complete);
    manifest.text("format", name_of(kind.format));
    manifest.text("compression", name_of(compression));
    manifest.number("rows", state.rows());
    manifest.number("bytes", bytes);
    manifest.key("columns");
    {
      json::Array columns(text);
      for (const auto& field : schema.fields()) {
        columns.item();
        json::Object column(text);
        column.text("name", field->name());
        column.text("type", field->type()->ToString());
      }
    }
    manifest.key("parts");
    json::Array parts(text);
    for (std::size_t i = 0; i < state.parts.size(); ++i) {
      parts.item() += '\n';
      json::Object part(text);
      part.text("path", part_name(i) + ending_of(kind));
      part.number("rows", state.parts[i].rows);
      part.number("bytes", state.parts[i].bytes);
    }
  }
  text += '\n';
  return text;
}

}  // namespace rowcall::files
