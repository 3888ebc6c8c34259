// SPDX-License-Identifier: Apache-2.0
#include "files/sink_state.h"

#include <cstdio>
#include <string_view>

#include "base/disk.h"
#include "base/parse.h"
#include "base/try.h"

namespace rowcall::files {
namespace {

constexpr const char* kFile = "sink.txt";
constexpr std::string_view kFirstLine = "rowcall sink 1";

}  // namespace

// Lines of text: the form, the path, how it stands ("new" or "replacing", then "open" or "whole"), and for
// each part its rows and bytes.
Result<std::optional<SinkState>> SinkState::load(const std::filesystem::path& folder,
                                                 const std::string& path) {
  std::optional<SinkState> none;
  std::error_code ignored;
  if (!std::filesystem::exists(folder / kFile, ignored)) return none;
  TRY(std::string text, read_file(folder / kFile));
  std::vector<std::string_view> lines = split(text, '\n');
  if (lines.size() < 4 || lines[0] != kFirstLine || lines[1] != trimmed(path)) return none;
  SinkState state;
  state.path = path;
  state.replacing = lines[2].starts_with("replacing");
  state.whole = lines[2].ends_with("whole");
  for (std::size_t i = 3; i < lines.size() && !lines[i].empty(); ++i) {
    std::vector<std::string_view> numbers = split(lines[i], ' ');
    auto rows = parse_int(numbers[0]);
    auto bytes = parse_int(numbers.back());
    if (numbers.size() != 2 || !rows || !bytes) {
      return failure({ErrorCode::kChanged, (folder / kFile).string(), "line " + std::to_string(i + 1),
                      "the rows and bytes of a part", "Start the run anew with --fresh."});
    }
    state.parts.push_back({*rows, *bytes});
  }
  return state;
}

Result<void> SinkState::save(const std::filesystem::path& folder) const {
  std::string text(kFirstLine);
  text += "\n" + path + (replacing ? "\nreplacing " : "\nnew ") + (whole ? "whole\n" : "open\n");
  for (const Part& part : parts) text += std::to_string(part.rows) + " " + std::to_string(part.bytes) + "\n";
  TRY_VOID(make_folder(folder));
  return write_file(folder / kFile, text);
}

std::int64_t SinkState::rows() const {
  std::int64_t all = 0;
  for (const Part& part : parts) all += part.rows;
  return all;
}

Result<void> SinkState::cut(int next_part) {
  auto committed = static_cast<std::size_t>(next_part);
  if (parts.size() < committed) {
    return failure({ErrorCode::kChanged, path,
                    std::to_string(parts.size()) + " parts are known of a table begun earlier",
                    std::to_string(next_part), "Start the run anew with --fresh."});
  }
  parts.resize(committed);
  return {};
}

std::string part_name(std::size_t index) {
  char name[32];
  std::snprintf(name, sizeof name, "part-%05zu", index);
  return name;
}

}  // namespace rowcall::files
