// SPDX-License-Identifier: Apache-2.0
// CSV, NDJSON and JSON files, read as tables: whatever stands in them becomes rows, unreadable records or an
// error, and every record has a number of its own.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "rowcall/job.h"

#include "files/files.h"
#include "fuzz/fuzz.h"

namespace {

namespace fs = std::filesystem;

// A file of this process, written anew for every input.
const std::string& place() {
  static const std::string path = [] {
    std::string name = (fs::temp_directory_path() / "rowcall-fuzz-XXXXXX").string();
    int file = ::mkstemp(name.data());
    if (file < 0) std::abort();
    ::close(file);
    return name;
  }();
  return path;
}

void write(std::string_view input) {
  int file = ::open(place().c_str(), O_WRONLY | O_TRUNC);
  if (file < 0 || ::write(file, input.data(), input.size()) != static_cast<ssize_t>(input.size()))
    std::abort();
  ::close(file);
}

void read(rowcall::FileFormat format, bool typed) {
  rowcall::SourceSpec spec;
  spec.paths = {place()};
  spec.format = format;
  spec.compression = rowcall::Compression::kNone;
  spec.batch_size = 7;
  spec.line_bytes_max = 1 << 12;
  if (typed) spec.types = {{"id", "int64"}, {"price", "decimal(10,2)"}};
  auto source = rowcall::files::open_source(spec, {});
  if (!source || !(*source)->schema()) return;
  std::int64_t next = 0;
  for (;;) {
    auto batch = (*source)->next();
    if (!batch || !batch->has_value()) return;
    if ((*batch)->position.row != next) std::abort();
    next += (*batch)->records();
  }
}

void play(std::string_view input) {
  write(input);
  for (rowcall::FileFormat format :
       {rowcall::FileFormat::kCsv, rowcall::FileFormat::kNdjson, rowcall::FileFormat::kJson}) {
    for (bool typed : {false, true}) read(format, typed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  rowcall::files::FileLayer files;
  int code = rowcall::fuzz::run({"table_file",
                                 play,
                                 {"\n",       "\r\n",  ",",     "\"",     "\"\"", ";",       "id,price\n",
                                  "{\"id\":", "}",     "[",     "]",      "null", "\\u0000", "\xef\xbb\xbf",
                                  "\xff\xfe", "1e999", "00501", "12.345", "true", ":",       "  "},
                                 1 << 13},
                                argc, argv);
  ::unlink(place().c_str());
  return code;
}
