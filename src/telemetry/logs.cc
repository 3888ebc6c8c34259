// SPDX-License-Identifier: Apache-2.0
#include "telemetry/logs.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include <array>
#include <atomic>
#include <cmath>

#include "base/nearest.h"
#include "telemetry/log_line.h"

namespace rowcall::telemetry {
namespace {

constexpr std::array kLevelNames = {"trace", "debug", "info", "warning", "error", "critical"};
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %-8l %n: %v";
constexpr const char* kJsonPattern = R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","logger":"%n",%v})";

spdlog::level::level_enum spdlog_level(LogLevel level) {
  return static_cast<spdlog::level::level_enum>(static_cast<int>(spdlog::level::trace) +
                                                static_cast<int>(level));
}
static_assert(spdlog::level::critical - spdlog::level::trace == 5, "the levels are ours, in the same order");

Error unknown_level(const std::string& name) {
  Error error;
  error.code = ErrorCode::kSetting;
  error.place = "log.level";
  error.found = "\"" + name + "\"";
  error.expected = "trace, debug, info, warning, error or critical";
  std::vector<std::string> known(kLevelNames.begin(), kLevelNames.end());
  if (std::string close = nearest(name, known); !close.empty()) error.mend = "Did you mean " + close + "?";
  return error;
}

double rounded_to_thousandths(double value) {
  return std::round(value * 1e3) / 1e3;
}

}  // namespace

struct Logs::Files {
  std::unique_ptr<spdlog::logger> processor;
  std::unique_ptr<spdlog::logger> api_client;
  std::atomic<bool> trouble_told{false};

  spdlog::logger& of(LogFile file) { return file == LogFile::kProcessor ? *processor : *api_client; }
};

const char* name_of(LogLevel level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> parse_log_level(std::string_view name) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (name == kLevelNames[i]) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

double milliseconds(Duration d) {
  return rounded_to_thousandths(seconds(d) * 1e3);
}
double rounded_seconds(Duration d) {
  return rounded_to_thousandths(seconds(d));
}

Logs::Logs(std::unique_ptr<Files> files, const LogsOptions& options, LogLevel level, const Redactor* redactor,
           Console* console)
    : files_(std::move(files)),
      level_(level),
      console_level_(options.console_level),
      format_(options.spec.format),
      redactor_(redactor),
      console_(console) {
  auto tell = [told = &files_->trouble_told, console](const std::string& why) {
    if (!told->exchange(true)) console->line("warning: a log file cannot be written: " + why);
  };
  files_->processor->set_error_handler(tell);
  files_->api_client->set_error_handler(tell);
}

Logs::~Logs() {
  flush();
}

Result<std::unique_ptr<Logs>> Logs::open(const std::filesystem::path& folder, const LogsOptions& options,
                                         const Redactor* redactor, Console* console) {
  std::optional<LogLevel> level = parse_log_level(options.spec.level);
  if (!level) return failure(unknown_level(options.spec.level));
  auto bytes = static_cast<std::size_t>(std::max<std::int64_t>(options.spec.file_bytes_max, 1));
  auto older = static_cast<std::size_t>(std::max(options.spec.files_max, 1) - 1);
  auto files = std::make_unique<Files>();
  auto open_one = [&](const char* name) {
    auto path = (folder / (std::string(name) + ".log")).string();
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, bytes, older);
    auto logger = std::make_unique<spdlog::logger>(name, std::move(sink));
    const char* pattern = options.spec.format == LogFormat::kJson ? kJsonPattern : kTextPattern;
    logger->set_formatter(
        std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc, "\n"));
    logger->set_level(spdlog_level(*level));
    logger->flush_on(spdlog::level::warn);
    return logger;
  };
  try {
    files->processor = open_one("processor");
    files->api_client = open_one("api_client");
  } catch (const spdlog::spdlog_ex& exception) {
    Error error;
    error.code = ErrorCode::kStorage;
    error.place = folder.string();
    error.found = exception.what();
    error.mend = error.found.find("Too many open files") != std::string::npos
                     ? "Raise the limit of open files (ulimit -n)."
                     : "Make the folder writable, or name another run directory.";
    return failure(std::move(error));
  }
  return std::unique_ptr<Logs>(new Logs(std::move(files), options, *level, redactor, console));
}

std::unique_ptr<Logs> Logs::nowhere(const LogsOptions& options, const Redactor* redactor, Console* console) {
  auto files = std::make_unique<Files>();
  auto sink = std::make_shared<spdlog::sinks::null_sink_mt>();
  files->processor = std::make_unique<spdlog::logger>("processor", sink);
  files->api_client = std::make_unique<spdlog::logger>("api_client", sink);
  LogLevel level = parse_log_level(options.spec.level).value_or(LogLevel::kInfo);
  return std::unique_ptr<Logs>(new Logs(std::move(files), options, level, redactor, console));
}

void Logs::write(LogFile file, LogLevel level, std::string_view message, Fields fields, Echo echo) {
  if (writes(level)) {
    std::string body = format_ == LogFormat::kJson ? json_body(message, fields, *redactor_)
                                                   : text_body(message, fields, *redactor_);
    files_->of(file).log(spdlog_level(level), spdlog::string_view_t(body));
  }
  if (echo == Echo::kConsole && level >= console_level_) {
    console_->line(std::string(name_of(level)) + ": " + text_body(message, fields, *redactor_));
  }
}

void Logs::tell(LogLevel level, std::string_view message) {
  if (level < console_level_) return;
  console_->line(std::string(name_of(level)) + ": " + text_body(message, {}, *redactor_));
}

void Logs::flush() {
  files_->processor->flush();
  files_->api_client->flush();
}

}  // namespace rowcall::telemetry
