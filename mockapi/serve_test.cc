// SPDX-License-Identifier: Apache-2.0
// The command as its user meets it: started in a process of its own, ended by a signal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "mockapi/mock_api.h"
#include "mockapi/test_client.h"

namespace rowcall::mockapi {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// serve() in a child process, with pipes in place of its output.
class Served {
 public:
  explicit Served(const MockOptions& options) {
    int out[2];
    int err[2];
    if (::pipe(out) != 0 || ::pipe(err) != 0) return;
    std::fflush(nullptr);  // What is buffered would be printed twice.
    child_ = ::fork();
    if (child_ == 0) {
      ::alarm(60);
      ::dup2(out[1], STDOUT_FILENO);
      ::dup2(err[1], STDERR_FILENO);
      for (int end : {out[0], out[1], err[0], err[1]}) ::close(end);
      ::_exit(serve(options) ? 0 : 1);
    }
    ::close(out[1]);
    ::close(err[1]);
    out_ = ::fdopen(out[0], "r");
    err_ = ::fdopen(err[0], "r");
  }
  ~Served() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    std::fclose(out_);
    std::fclose(err_);
  }
  std::string line() {
    char text[4096];
    return std::fgets(text, sizeof text, out_) == nullptr ? "" : text;
  }
  /// The exit code, and all of standard error.
  std::pair<int, std::string> end_by(int signal) {
    ::kill(child_, signal);
    std::string text;
    for (int c = 0; (c = std::fgetc(err_)) != EOF;) text += static_cast<char>(c);
    int status = 0;
    ::waitpid(child_, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
  }

 private:
  pid_t child_ = -1;
  std::FILE* out_ = nullptr;
  std::FILE* err_ = nullptr;
};

std::uint16_t port_in(const std::string& line) {
  auto at = line.find("127.0.0.1:");
  return at == std::string::npos
             ? std::uint16_t{0}
             : static_cast<std::uint16_t>(std::strtoul(line.c_str() + at + 10, nullptr, 10));
}

TEST(Serve, SaysWhereItIsAndEndsWithAVerdict) {
  std::string folder = testing::TempDir() + "mockapi-serve-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  MockOptions options;
  options.behaviour.limits = {{2, 1min}};
  options.stats_file = folder + "/stats.json";
  std::ofstream(options.stats_file) << "from an earlier run";
  {
    Served served(options);
    std::string line = served.line();
    EXPECT_THAT(line, StartsWith("http://127.0.0.1:"));
    EXPECT_THAT(line, HasSubstr(" answers at once; refuses what exceeds 2/min with 429"));
    EXPECT_FALSE(std::filesystem::exists(options.stats_file)) << "an old result must not pass for this one";
    TestClient client(port_in(line));
    EXPECT_EQ(client.post("{\"id\":1}").status, 200);
    EXPECT_EQ(client.post("{\"id\":2}").status, 200);
    EXPECT_EQ(client.post("{\"id\":3}").status, 429);
    auto [code, verdict] = served.end_by(SIGTERM);
    EXPECT_EQ(code, 0);
    EXPECT_THAT(verdict, StartsWith("3 arrivals in "));
    EXPECT_THAT(verdict, HasSubstr("Worst window 3 of 2/min: OVER by 1, 1 arrival too many"));
  }
  std::stringstream stats;
  stats << std::ifstream(options.stats_file).rdbuf();
  EXPECT_THAT(stats.str(), HasSubstr("\"arrivals\": 3,"));
  EXPECT_FALSE(std::filesystem::exists(options.stats_file + ".part"));
  std::filesystem::remove_all(folder);
}

TEST(Serve, QuietlyPrintsTheAddressAlone) {
  MockOptions options;
  options.quiet = true;
  Served served(options);
  std::string line = served.line();
  EXPECT_EQ(line, "http://127.0.0.1:" + std::to_string(port_in(line)) + "\n");
  EXPECT_EQ(served.end_by(SIGINT), std::pair(0, std::string()));
}

TEST(Serve, RefusesAStatsFileThatCannotBe) {
  MockOptions options;
  options.stats_file = "/nonexistent/stats.json";
  auto served = serve(options);
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().code, ErrorCode::kStorage);
  EXPECT_THAT(served.error().place, HasSubstr("/nonexistent/stats.json"));
}

}  // namespace
}  // namespace rowcall::mockapi
