// SPDX-License-Identifier: Apache-2.0
#include "mockapi/mock_api.h"

#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <future>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include "mockapi/notation.h"
#include "mockapi/server.h"

namespace rowcall::mockapi {
namespace {

std::string url_of(const MockOptions& options, std::uint16_t port) {
  const bool v6 = options.host.find(':') != std::string::npos;
  return std::string(options.tls_cert.empty() ? "http://" : "https://") + (v6 ? "[" : "") + options.host +
         (v6 ? "]:" : ":") + std::to_string(port);
}

/// A file that is there whole or not at all: written beside its place and moved there.
class StatsFile {
 public:
  explicit StatsFile(std::string path) : path_(std::move(path)) {}
  ~StatsFile() {
    if (file_ == nullptr) return;
    std::fclose(file_);
    std::remove(part().c_str());
  }
  StatsFile(const StatsFile&) = delete;
  StatsFile& operator=(const StatsFile&) = delete;

  /// Before the work, so that a wrong path is found before it. Removes what an earlier run left there.
  Result<void> open() {
    if (path_.empty()) return {};
    file_ = std::fopen(part().c_str(), "w");
    if (file_ == nullptr || (std::remove(path_.c_str()) != 0 && errno != ENOENT)) return no_good();
    return {};
  }
  Result<void> write(const std::string& text) {
    if (file_ == nullptr) return {};
    bool good = std::fwrite(text.data(), 1, text.size(), file_) == text.size();
    good = std::fclose(std::exchange(file_, nullptr)) == 0 && good;
    if (!good || std::rename(part().c_str(), path_.c_str()) != 0) return no_good();
    return {};
  }

 private:
  std::string part() const { return path_ + ".part"; }
  std::unexpected<Error> no_good() const {
    return failure({ErrorCode::kStorage,
                    "--stats-file " + path_,
                    std::strerror(errno),
                    "a file that can be written",
                    {}});
  }

  std::string path_;
  std::FILE* file_ = nullptr;
};

/// Each connection is a file descriptor, and the usual 1,024 are soon used up.
void allow_many_connections() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

std::string percent(double share) {
  std::string text = fixed(100 * share, 3);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + " %";
}

std::string list_of(const std::vector<RateLimit>& limits) {
  std::string text;
  for (const RateLimit& limit : limits) text += (text.empty() ? "" : " and ") + words_of(limit);
  return text;
}

}  // namespace

std::string announcement(const MockOptions& options) {
  const Behaviour& behaviour = options.behaviour;
  std::string text = "answers ";
  text += behaviour.latency > Duration::zero() ? "after " + words_of(behaviour.latency) : "at once";
  if (behaviour.jitter > Duration::zero()) text += " +-" + words_of(behaviour.jitter);
  if (behaviour.capacity_per_s > 0) text += ", at most " + fixed(behaviour.capacity_per_s, 0) + " a second";
  if (behaviour.limits.empty()) {
    text += "; refuses nobody";
  } else {
    text += "; refuses what exceeds " + list_of(behaviour.limits) + " with 429 and " +
            (behaviour.retry_after.empty() ? "no Retry-After" : "Retry-After " + behaviour.retry_after);
  }
  if (!options.audit.empty()) text += "; audits " + list_of(options.audit);
  for (std::size_t i = 0; i < behaviour.faults.size(); ++i) {
    text += (i == 0 ? "; injects " : ", ") + name_of(behaviour.faults[i]) + " " +
            percent(behaviour.faults[i].share);
  }
  for (const Outage& outage : behaviour.outages) {
    text += "; is down for " + words_of(outage.length) + " from " + words_of(outage.after) +
            " after the first call";
  }
  if (!options.token.empty()) text += "; wants a bearer token";
  return text;
}

Result<void> serve(const MockOptions& options) {
  if (auto valid = validate(options); !valid) return valid;
  StatsFile stats_file(options.stats_file);
  if (auto opened = stats_file.open(); !opened) return opened;
  allow_many_connections();
  asio::io_context loop(1);
  Server server(loop, options);
  asio::signal_set signals(loop);
  for (int signal : {SIGINT, SIGTERM}) {
    error_code ignored;
    signals.add(signal, ignored);
  }
  if (auto listening = server.listen(); !listening) return listening;
  signals.async_wait([&](const error_code&, int) { server.stop(); });
  const std::string url = url_of(options, server.port());
  std::printf("%s\n",
              (options.quiet ? url : url + " " + announcement(options) + ". Ctrl-C ends it.").c_str());
  std::fflush(stdout);
  loop.run();

  const Stats stats = server.stats();
  if (!options.quiet) std::fprintf(stderr, "%s\n", verdict(stats).c_str());
  return stats_file.write(stats_json(stats));
}

struct MockApi::Running {
  explicit Running(const MockOptions& options) : server(loop, options), url_options(options) {}

  asio::io_context loop{1};
  Server server;
  MockOptions url_options;
  std::thread thread;

  /// Runs `work` on the loop's thread and waits for what it returns.
  template <class Work>
  auto ask(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto answer = task.get_future();
    asio::post(loop, std::move(task));
    return answer.get();
  }
};

MockApi::MockApi(std::unique_ptr<Running> running) : running_(std::move(running)) {}

MockApi::~MockApi() {
  stop();
}

Result<std::unique_ptr<MockApi>> MockApi::start(const MockOptions& options) {
  if (auto valid = validate(options); !valid) return failure(valid.error());
  auto running = std::make_unique<Running>(options);
  if (auto listening = running->server.listen(); !listening) return failure(listening.error());
  running->thread = std::thread([&loop = running->loop] { loop.run(); });
  return std::unique_ptr<MockApi>(new MockApi(std::move(running)));
}

std::uint16_t MockApi::port() const {
  return running_->server.port();
}

std::string MockApi::url() const {
  return url_of(running_->url_options, port());
}

Stats MockApi::stats() {
  if (!running_->thread.joinable()) return last_;
  return running_->ask([this] { return running_->server.stats(); });
}

void MockApi::reset() {
  if (!running_->thread.joinable()) return;
  running_->ask([this] { running_->server.reset(); });
}

Result<void> MockApi::change(const Behaviour& behaviour) {
  if (auto valid = validate(behaviour); !valid) return valid;
  if (!running_->thread.joinable()) return {};
  running_->ask([&] { running_->server.change(behaviour); });
  return {};
}

Stats MockApi::stop() {
  if (!running_->thread.joinable()) return last_;
  running_->ask([this] {
    last_ = running_->server.stats();
    running_->server.stop();
  });
  running_->thread.join();
  return last_;
}

}  // namespace rowcall::mockapi
