// SPDX-License-Identifier: Apache-2.0
#include "ledger/old_state.h"

#include <simdjson.h>

namespace rowcall::ledger {
namespace {

constexpr std::int64_t kVersion = 1;

SourcePosition read_position(simdjson::dom::element from) {
  SourcePosition position;
  position.row = from["row"];
  position.file = static_cast<int>(std::int64_t(from["file"]));
  position.row_in_file = from["row_in_file"];
  position.byte_offset = from["byte_offset"];
  std::int64_t line = 0;
  if (from["line"].get(line) == simdjson::SUCCESS) position.line = line;
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
  state.identity.run_id = std::string_view(root["run_id"]);
  state.identity.job = std::string_view(root["job"]);
  state.complete = root["complete"];
  for (simdjson::dom::element file : root["source"]) {
    state.identity.source.push_back({std::string(std::string_view(file["name"])), std::int64_t(file["bytes"]),
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

Result<RunState> parse_old_state(std::string_view text, const std::string& place) {
  auto damaged_file = [&](const std::string& found) {
    return failure({ErrorCode::kInput, place, found, "the state of a run, as rowcall wrote it",
                    "Start anew with --fresh."});
  };
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (auto error = parser.parse(text.data(), text.size()).get(root))
    return damaged_file(simdjson::error_message(error));
  std::int64_t version = 0;
  if (root["version"].get(version) != simdjson::SUCCESS) return damaged_file("no version");
  if (version > kVersion) {
    return failure({ErrorCode::kInput, place, "version " + std::to_string(version),
                    "version " + std::to_string(kVersion) + " or older",
                    "Use the rowcall that wrote it, or a newer one."});
  }
  try {
    return read_state(root);
  } catch (const simdjson::simdjson_error& error) {
    return damaged_file(error.what());
  }
}

}  // namespace rowcall::ledger
