// SPDX-License-Identifier: Apache-2.0
#include "cli/stop_signals.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace rowcall::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
constexpr int kPatience = 3;

std::atomic<StopFlag*> raised_flag{nullptr};
std::atomic<int> first_signal{0};
std::atomic<int> times{0};

void on_signal(int number) {
  int none = 0;
  first_signal.compare_exchange_strong(none, number);
  if (StopFlag* flag = raised_flag.load()) flag->raise();
  // Whoever asks a third time wants the process gone, whatever it is waiting for.
  if (times.fetch_add(1) + 1 >= kPatience) ::_exit(130);
}

}  // namespace

StopSignals::StopSignals(StopFlag* flag) {
  raised_flag = flag;
  first_signal = 0;
  times = 0;
  struct sigaction action{};
  action.sa_handler = &on_signal;
  for (int number : kSignals) {
    // What is ignored from the start stays so: under nohup a run outlives its terminal.
    struct sigaction before{};
    bool ignored = ::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN;
    if (!ignored) ::sigaction(number, &action, nullptr);
  }
  ::signal(SIGPIPE, SIG_IGN);
}

StopSignals::~StopSignals() {
  for (int number : kSignals) {
    struct sigaction now{};
    if (::sigaction(number, nullptr, &now) == 0 && now.sa_handler == &on_signal) ::signal(number, SIG_DFL);
  }
  raised_flag = nullptr;
}

int StopSignals::received() {
  return first_signal;
}

}  // namespace rowcall::cli
