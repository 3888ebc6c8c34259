// SPDX-License-Identifier: Apache-2.0
// The log files of a run: logs/processor.log tells of the run, logs/api_client.log of the calls.
//
// A line has a time (UTC, milliseconds), a level, the logger's name, a message and fields. As text:
//
//   2026-03-01T09:05:00.042Z warning  processor: rows failed row=17 class=status_422 why="no such place"
//
// or, with format json, as one JSON object:
//
//   {"ts":"2026-03-01T09:05:00.042Z","level":"warning","logger":"processor","message":"rows
//   failed","row":17,...}
//
// Files are rotated at `file_bytes_max`; with the current one there are at most `files_max` of them
// (processor.log, processor.1.log, ...). Every text passes the redactor; nothing in a text can begin a new
// line. Warnings and errors of a warning kind also go to the console, as text.
//
// A log that cannot be written (full disk) is told on the console once; the run goes on.
//
// Any thread, once opened.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "telemetry/console.h"
#include "telemetry/redactor.h"

namespace rowcall::telemetry {

/// WARNING: no row is lost that the user is not told of; worth a look. ERROR: somebody has to act.
enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarning, kError, kCritical };

const char* name_of(LogLevel level);  ///< "trace", "debug", "info", "warning", "error", "critical".
std::optional<LogLevel> parse_log_level(std::string_view name);

enum class LogFile { kProcessor, kApiClient };

/// Where a line goes besides its file.
enum class Echo {
  kConsole,  ///< To the console too, from its level on.
  kFileOnly,
};

/// A name and a value; the text must live until the line is written.
struct Field {
  using Value = std::variant<std::string_view, std::int64_t, double, bool>;

  Field(std::string_view field, std::string_view text) : key(field), value(text) {}
  Field(std::string_view field, const char* text) : key(field), value(std::string_view(text)) {}
  Field(std::string_view field, const std::string& text) : key(field), value(std::string_view(text)) {}
  Field(std::string_view field, std::integral auto number) : key(field), value(to_value(number)) {}
  Field(std::string_view field, double number) : key(field), value(number) {}

  std::string_view key;
  Value value;

 private:
  static Value to_value(bool truth) { return truth; }
  static Value to_value(std::integral auto number) { return static_cast<std::int64_t>(number); }
};

using Fields = std::initializer_list<Field>;

/// Milliseconds with three places, for fields.
double milliseconds(Duration d);
/// Seconds with three places, for fields.
double rounded_seconds(Duration d);

struct LogsOptions {
  LogSpec spec;
  LogLevel console_level = LogLevel::kWarning;
};

class Logs {
 public:
  /// Opens both files in `folder`, which exists. `redactor` and `console` outlive this.
  static Result<std::unique_ptr<Logs>> open(const std::filesystem::path& folder, const LogsOptions& options,
                                            const Redactor* redactor, Console* console);
  /// For the console alone, with no file.
  static std::unique_ptr<Logs> nowhere(const LogsOptions& options, const Redactor* redactor,
                                       Console* console);
  ~Logs();
  Logs(const Logs&) = delete;
  Logs& operator=(const Logs&) = delete;

  /// True when lines of that level are written: ask before work is put into a line.
  bool writes(LogLevel level) const { return level >= level_; }
  LogFormat format() const { return format_; }

  void write(LogFile file, LogLevel level, std::string_view message, Fields fields = {},
             Echo echo = Echo::kConsole);
  /// A line for the console alone.
  void tell(LogLevel level, std::string_view message);
  /// Hands what has been written to the system. Warnings are handed over at once anyway.
  void flush();

 private:
  struct Files;

  Logs(std::unique_ptr<Files> files, const LogsOptions& options, LogLevel level, const Redactor* redactor,
       Console* console);

  std::unique_ptr<Files> files_;
  LogLevel level_;
  LogLevel console_level_;
  LogFormat format_;
  const Redactor* redactor_;
  Console* console_;
};

}  // namespace rowcall::telemetry
