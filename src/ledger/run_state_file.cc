// SPDX-License-Identifier: Apache-2.0
#include "ledger/run_state_file.h"

#include <simdjson.h>

#include <random>

#include "base/json_text.h"
#include "base/uuid.h"

namespace rowcall::ledger {
namespace {

constexpr std::int64_t kVersion = 1;

void write_position(std::string& out, const SourcePosition& position) {
  json::Object object(out);
  object.number("row", position.row);
  object.number("file", position.file);
  object.number("row_in_file", position.row_in_file);
  object.number("byte_offset", position.byte_offset);
  object.number("line", position.line);
}

void write_counts(std::string& out, const Counts& counts) {
  json::Object object(out);
  object.number("rows", counts.rows);
  for (int e = 0; e < kEndings; ++e) {
    auto ending = static_cast<Ending>(e);
    object.number(name_of(ending), counts[ending]);
  }
}

SourcePosition read_position(simdjson::dom::element from) {
  SourcePosition position;
  position.row = from["row"];
  position.file = static_cast<int>(std::int64_t(from["file"]));
  position.row_in_file = from["row_in_file"];
  position.byte_offset = from["byte_offset"];
  position.line = from["line"];
  return position;
}

Counts read_counts(simdjson::dom::element from) {
  Counts counts;
  counts.rows = from["rows"];
  for (int e = 0; e < kEndings; ++e) {
    auto ending = static_cast<Ending>(e);
    counts[ending] = from[name_of(ending)];
  }
  return counts;
}

RunState read_state(simdjson::dom::element root) {
  RunState state;
  state.run_id = std::string_view(root["run_id"]);
  state.job = std::string_view(root["job"]);
  state.complete = root["complete"];
  for (simdjson::dom::element file : root["source"]) {
    state.source.push_back({std::string(std::string_view(file["name"])), std::int64_t(file["bytes"]),
                            std::string(std::string_view(file["version"]))});
  }
  simdjson::dom::element commit = root["commit"];
  state.commit.parts = static_cast<int>(std::int64_t(commit["parts"]));
  state.commit.failure_parts = static_cast<int>(std::int64_t(commit["failure_parts"]));
  state.commit.next = read_position(commit["next"]);
  state.commit.counts = read_counts(commit["counts"]);
  return state;
}

}  // namespace

std::string RunState::text() const {
  std::string out;
  {
    json::Object object(out);
    object.number("version", kVersion);
    object.text("run_id", run_id);
    object.truth("complete", complete);
    {
      json::Array files(object.key("source"));
      for (const SourceFile& file : source) {
        json::Object entry(files.item());
        entry.text("name", file.name);
        entry.number("bytes", file.bytes);
        entry.text("version", file.version);
      }
    }
    {
      json::Object done(object.key("commit"));
      done.number("parts", commit.parts);
      done.number("failure_parts", commit.failure_parts);
      write_position(done.key("next"), commit.next);
      write_counts(done.key("counts"), commit.counts);
    }
    object.text("job", job);
  }
  out += '\n';
  return out;
}

Result<RunState> RunState::parse(std::string_view text, const std::string& place) {
  auto damaged = [&](const std::string& found) {
    return failure({ErrorCode::kInput, place, found, "the state of a run, as rowcall writes it",
                    "Start anew with --fresh."});
  };
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (auto error = parser.parse(text.data(), text.size()).get(root))
    return damaged(simdjson::error_message(error));
  std::int64_t version = 0;
  if (root["version"].get(version) != simdjson::SUCCESS) return damaged("no version");
  if (version > kVersion) {
    return failure({ErrorCode::kInput, place, "version " + std::to_string(version),
                    "version " + std::to_string(kVersion) + " or older",
                    "Use the rowcall that wrote it, or a newer one."});
  }
  try {
    return read_state(root);
  } catch (const simdjson::simdjson_error& error) {
    return damaged(error.what());
  }
}

std::string new_run_id() {
  std::random_device device;
  Uuid uuid;
  for (auto& byte : uuid) byte = static_cast<unsigned char>(device());
  uuid[6] = static_cast<unsigned char>((uuid[6] & 0x0f) | 0x40);
  uuid[8] = static_cast<unsigned char>((uuid[8] & 0x3f) | 0x80);
  std::string text;
  append_uuid(text, uuid);
  return text;
}

std::string source_change(const std::vector<SourceFile>& before, const std::vector<SourceFile>& now) {
  for (std::size_t i = 0; i < before.size() && i < now.size(); ++i) {
    if (before[i].name != now[i].name) return "\"" + before[i].name + "\" is now \"" + now[i].name + "\"";
    if (before[i].bytes != now[i].bytes) {
      return before[i].name + " had " + std::to_string(before[i].bytes) + " bytes and has " +
             std::to_string(now[i].bytes);
    }
    if (before[i].version != now[i].version) return before[i].name + " was written anew";
  }
  if (before.size() == now.size()) return "";
  return "there were " + std::to_string(before.size()) + " files and there are " + std::to_string(now.size());
}

}  // namespace rowcall::ledger
