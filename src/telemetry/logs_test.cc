// SPDX-License-Identifier: Apache-2.0
#include "telemetry/logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <regex>
#include <stdexcept>
#include <thread>

#include "telemetry/screen.h"
#include "telemetry/test_folder.h"
#include "telemetry/unexpected.h"

namespace rowcall::telemetry {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

constexpr LogFile kProcessor = LogFile::kProcessor;
constexpr LogFile kApiClient = LogFile::kApiClient;

// Texts that would break a line, a JSON string or a terminal.
constexpr std::string_view kNasty = "quote \" backslash \\ line\nbreak tab\t escape \x1b[2J bad \xFF\xC3 nul";

class LogsTest : public ::testing::Test {
 protected:
  std::unique_ptr<Logs> open(LogFormat format = LogFormat::kText, const char* level = "info") {
    LogsOptions options;
    options.spec.format = format;
    options.spec.level = level;
    return open(options);
  }
  std::unique_ptr<Logs> open(const LogsOptions& options) {
    auto logs = Logs::open(folder_.path(), options, &redactor_, &console_);
    EXPECT_TRUE(logs.has_value()) << (logs ? "" : logs.error().text());
    return logs ? *std::move(logs) : nullptr;
  }

  TestFolder folder_;
  Screen screen_{200, 24};
  Console console_{screen_.fd(), true};
  Redactor redactor_{{"hunter2-token"}};
};

TEST_F(LogsTest, ATextLineHasTimeLevelNameMessageAndFields) {
  auto logs = open();
  logs->write(kProcessor, LogLevel::kInfo, "part published",
              {{"path", "out/a b.parquet"}, {"rows", 250'000}, {"ms", 1.5}, {"last", true}});
  logs->write(kApiClient, LogLevel::kWarning, "transient", {{"status", 503}, {"why", ""}}, Echo::kFileOnly);
  logs->flush();
  std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )";
  std::regex info(
      time + R"(info     processor: part published path="out/a b\.parquet" rows=250000 ms=1\.5 last=true)");
  std::regex warning(time + R"(warning  api_client: transient status=503 why="")");
  ASSERT_THAT(folder_.lines("processor.log"), SizeIs(1));
  EXPECT_TRUE(std::regex_match(folder_.lines("processor.log")[0], info)) << folder_.lines("processor.log")[0];
  ASSERT_THAT(folder_.lines("api_client.log"), SizeIs(1));
  EXPECT_TRUE(std::regex_match(folder_.lines("api_client.log")[0], warning))
      << folder_.lines("api_client.log")[0];
}

TEST_F(LogsTest, EveryJsonLineIsOneValidObject) {
  auto logs = open(LogFormat::kJson);
  logs->write(kProcessor, LogLevel::kError, kNasty,
              {{"why", kNasty}, {"rows", -1}, {"share", 0.25}, {"nan", 0.0 / 0.0}, {"held", false}});
  logs->write(kProcessor, LogLevel::kInfo, "", {});
  logs->flush();
  std::vector<std::string> lines = folder_.lines("processor.log");
  ASSERT_THAT(lines, SizeIs(2));
  simdjson::dom::parser parser;
  simdjson::dom::element line;
  ASSERT_EQ(parser.parse(lines[0]).get(line), simdjson::SUCCESS) << lines[0];
  EXPECT_EQ(std::string_view(line["level"]), "error");
  EXPECT_EQ(std::string_view(line["logger"]), "processor");
  EXPECT_THAT(std::string(std::string_view(line["ts"])), MatchesRegex("....-..-..T..:..:..\\....Z"));
  EXPECT_THAT(std::string(std::string_view(line["message"])),
              HasSubstr("quote \" backslash \\ line\nbreak tab\t"));
  EXPECT_THAT(std::string(std::string_view(line["why"])), HasSubstr("bad \xEF\xBF\xBD"));
  EXPECT_EQ(std::int64_t(line["rows"]), -1);
  EXPECT_EQ(double(line["share"]), 0.25);
  EXPECT_TRUE(line["nan"].is_null());
  EXPECT_FALSE(bool(line["held"]));
  ASSERT_EQ(parser.parse(lines[1]).get(line), simdjson::SUCCESS) << lines[1];
}

TEST_F(LogsTest, ATextCannotForgeALineNorReachTheTerminal) {
  auto logs = open();
  logs->write(kProcessor, LogLevel::kWarning, kNasty, {{"why", kNasty}});
  ASSERT_THAT(folder_.lines("processor.log"), SizeIs(1));
  EXPECT_THAT(folder_.content("processor.log"), AllOf(HasSubstr("line\\nbreak"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(screen_.bytes(), AllOf(HasSubstr("warning: quote"), Not(HasSubstr("\x1b[2J"))));
}

TEST_F(LogsTest, NoSecretInAnyLineOfAnyKind) {
  for (LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    auto logs = open(format);
    std::string trace = "#0 f(\"hunter2-token\")";
    logs->write(kProcessor, LogLevel::kError, "GET /?key=hunter2-token failed",
                {{"why", "key hunter2-token is wrong"}});
    logs->write(kApiClient, LogLevel::kInfo, "attempt", {{"why", "hunter2-token"}});
    logs->tell(LogLevel::kError, "hunter2-token");
    log_unexpected(*logs, "what hunter2-token", trace);
    logs->flush();
  }
  for (const char* name : {"processor.log", "api_client.log"}) {
    EXPECT_THAT(folder_.content(name), AllOf(HasSubstr("[secret]"), Not(HasSubstr("hunter2"))));
  }
  EXPECT_THAT(screen_.bytes(), AllOf(HasSubstr("[secret]"), Not(HasSubstr("hunter2"))));
}

TEST_F(LogsTest, WarningsStandAboveTheDisplay) {
  auto logs = open();
  console_.show({"display"});
  logs->write(kProcessor, LogLevel::kInfo, "not here");
  logs->write(kProcessor, LogLevel::kWarning, "disk is nearly full", {{"free", 12}});
  logs->write(kProcessor, LogLevel::kWarning, "nor here", {}, Echo::kFileOnly);
  EXPECT_THAT(screen_.lines(), ElementsAre("warning: disk is nearly full free=12", "display"));
}

TEST_F(LogsTest, TheLevelDecidesWhatIsWritten) {
  auto logs = open(LogFormat::kText, "error");
  EXPECT_FALSE(logs->writes(LogLevel::kWarning));
  EXPECT_TRUE(logs->writes(LogLevel::kError));
  logs->write(kProcessor, LogLevel::kWarning, "left out");
  logs->write(kProcessor, LogLevel::kCritical, "written");
  EXPECT_THAT(folder_.lines("processor.log"), ElementsAre(HasSubstr("critical processor: written")));
  EXPECT_THAT(screen_.lines(), ElementsAre("warning: left out", "critical: written"));
}

TEST_F(LogsTest, AnUnknownLevelIsAClearError) {
  LogsOptions options;
  options.spec.level = "warnin";
  auto logs = Logs::open(folder_.path(), options, &redactor_, &console_);
  ASSERT_FALSE(logs.has_value());
  EXPECT_EQ(logs.error().text(),
            "log.level: \"warnin\"; expected trace, debug, info, warning, error or critical. Did you mean "
            "warning?");
}

TEST_F(LogsTest, RotatesAndKeepsNoMoreThanItMay) {
  LogsOptions options;
  options.spec.file_bytes_max = 2'000;
  options.spec.files_max = 3;
  auto logs = open(options);
  for (int i = 0; i < 200; ++i) logs->write(kProcessor, LogLevel::kInfo, "line", {{"number", i}});
  logs->flush();
  std::int64_t newest = 199;
  for (const char* name : {"processor.log", "processor.1.log", "processor.2.log"}) {
    EXPECT_LE(std::filesystem::file_size(folder_ / name), 2'000u) << name;
    EXPECT_THAT(folder_.lines(name).back(), HasSubstr("number=" + std::to_string(newest)));
    newest -= static_cast<std::int64_t>(folder_.lines(name).size());
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "processor.3.log"));
  EXPECT_GT(newest, 0);  // the oldest are gone
}

TEST_F(LogsTest, AResumedRunGoesOnInTheSameFile) {
  open()->write(kProcessor, LogLevel::kInfo, "first");
  open()->write(kProcessor, LogLevel::kInfo, "second");
  EXPECT_THAT(folder_.lines("processor.log"), ElementsAre(HasSubstr("first"), HasSubstr("second")));
}

TEST_F(LogsTest, AFolderThatIsNotThereIsAClearError) {
  ASSERT_TRUE(write_file(folder_ / "file", "").has_value());
  auto logs = Logs::open(folder_ / "file", {}, &redactor_, &console_);
  ASSERT_FALSE(logs.has_value());
  EXPECT_THAT(logs.error().text(), HasSubstr("processor.log"));
}

TEST_F(LogsTest, ALogThatCannotBeWrittenIsToldOnce) {
  ASSERT_EQ(::symlink("/dev/full", (folder_ / "api_client.log").c_str()), 0);
  auto logs = open();
  for (int i = 0; i < 5; ++i) logs->write(kApiClient, LogLevel::kWarning, "line", {}, Echo::kFileOnly);
  EXPECT_THAT(screen_.lines(), ElementsAre(HasSubstr("warning: a log file cannot be written: ")));
}

TEST_F(LogsTest, AnUnexpectedErrorIsLoggedWithItsTrace) {
  auto logs = open();
  log_unexpected(*logs, "bad_alloc in the reader", "#0 read (rowcall+0x12)\n#1 main (rowcall+0x3)\n");
  EXPECT_THAT(folder_.lines("processor.log"),
              ElementsAre(HasSubstr("critical processor: bad_alloc in the reader"),
                          HasSubstr("#0 read (rowcall+0x12)"), HasSubstr("#1 main (rowcall+0x3)")));
  EXPECT_THAT(screen_.lines(), ElementsAre("critical: bad_alloc in the reader"));
}

TEST_F(LogsTest, AnUnexpectedErrorInJsonIsOneLine) {
  auto logs = open(LogFormat::kJson);
  log_unexpected(*logs, "bad", "#0 read\n#1 main\n");
  std::vector<std::string> lines = folder_.lines("processor.log");
  ASSERT_THAT(lines, SizeIs(1));
  simdjson::dom::parser parser;
  EXPECT_EQ(std::string_view(parser.parse(lines[0])["trace"]), "#0 read\n#1 main\n");
}

// A frame is a module and a place in it, which addr2line turns into file and line.
TEST(StackTrace, NamesModuleAndPlace) {
  std::string trace = stack_trace();
  EXPECT_TRUE(std::regex_search(trace, std::regex(R"(^#0 .*\(rowcall_telemetry_test\+0x[0-9a-f]+\)\n)")))
      << trace;
  EXPECT_THAT(trace, HasSubstr("(libc.so.6+0x"));
  EXPECT_THAT(trace, Not(HasSubstr("/")));
}

[[noreturn]] void throw_uncaught(Logs* logs) {
  install_terminate_handler();
  install_terminate_handler();
  TerminateWatch watch(logs);
  std::thread([] { throw std::runtime_error("nobody catches hunter2-token"); }).join();
  std::abort();
}

TEST_F(LogsTest, TerminateReachesTheLogBeforeTheProcessAborts) {
  auto logs = open();
  EXPECT_EXIT(throw_uncaught(logs.get()), ::testing::KilledBySignal(SIGABRT), "");
  std::vector<std::string> lines = folder_.lines("processor.log");
  ASSERT_GT(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr("unexpected end: std::runtime_error: nobody catches [secret]"));
  EXPECT_THAT(lines[1], HasSubstr("#0 "));
}

TEST_F(LogsTest, AfterTheWatchALogIsLeftAlone) {
  auto logs = open();
  EXPECT_EXIT(
      {
        install_terminate_handler();
        {
          TerminateWatch watch(logs.get());
        }
        std::terminate();
      },
      ::testing::KilledBySignal(SIGABRT), "");
  EXPECT_THAT(folder_.lines("processor.log"), IsEmpty());
}

}  // namespace
}  // namespace rowcall::telemetry
