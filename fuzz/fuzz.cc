// SPDX-License-Identifier: Apache-2.0
#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace rowcall::fuzz {
namespace {
namespace fs = std::filesystem;

constexpr int kSlowS = 10;    // of processor time, which other work on the machine does not use up
constexpr int kStuckS = 120;  // of anybody's time: it waits for something

// The input being played, and where it goes when it ends the process. Read in signal handlers.
std::string_view playing;
std::string findings_path;

void keep_finding() {
  int file = ::open(findings_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;
  if (::write(file, playing.data(), playing.size()) == static_cast<ssize_t>(playing.size())) {
    static constexpr char said[] = "fuzz: the input was kept as a finding\n";
    [[maybe_unused]] auto ignored = ::write(2, said, sizeof said - 1);
  }
  ::close(file);
}

void on_signal(int number) {
  keep_finding();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

void watch_for_the_end() {
  for (int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF, SIGALRM}) ::signal(number, on_signal);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(keep_finding);
#endif
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void flip(char& byte, std::size_t bit) {
  byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << bit));
}

class Changer {
 public:
  Changer(const Fuzzer& fuzzer, const std::vector<std::string>& corpus, std::uint64_t seed)
      : fuzzer_(fuzzer), corpus_(corpus), dice_(seed) {}

  std::string next() {
    std::string input = corpus_.empty() ? "" : corpus_[below(corpus_.size())];
    for (std::size_t changes = 1 + below(8); changes > 0; --changes) change(input);
    if (input.size() > fuzzer_.bytes_max) input.resize(fuzzer_.bytes_max);
    return input;
  }

 private:
  std::size_t below(std::size_t n) { return dice_() % n; }
  std::size_t place(const std::string& input) { return below(input.size() + 1); }

  void change(std::string& input) {
    switch (below(9)) {
      case 0:
        if (!input.empty()) flip(input[below(input.size())], below(8));
        break;
      case 1:
        if (!input.empty()) input[below(input.size())] = static_cast<char>(below(256));
        break;
      case 2: input.insert(place(input), 1 + below(4), static_cast<char>(below(256))); break;
      case 3: {
        std::size_t at = place(input);
        input.erase(at, 1 + below(16));
        break;
      }
      case 4:  // cut off
        input.resize(place(input));
        break;
      case 5: {  // a piece of another one
        if (corpus_.empty()) break;
        const std::string& other = corpus_[below(corpus_.size())];
        std::size_t from = place(other);
        input.insert(place(input), other.substr(from, below(64)));
        break;
      }
      case 6: {  // a piece twice
        std::size_t from = place(input);
        std::string piece = input.substr(from, below(32));
        for (std::size_t times = 1 + below(64); times > 0 && input.size() < fuzzer_.bytes_max; --times) {
          input.insert(from, piece);
        }
        break;
      }
      default:
        if (!fuzzer_.words.empty()) input.insert(place(input), fuzzer_.words[below(fuzzer_.words.size())]);
        break;
    }
  }

  const Fuzzer& fuzzer_;
  const std::vector<std::string>& corpus_;
  std::mt19937_64 dice_;
};

// Signals for an input that takes too long.
void set_patience(bool on) {
  itimerval timer{};
  timer.it_value.tv_sec = on ? kSlowS : 0;
  ::setitimer(ITIMER_PROF, &timer, nullptr);
  ::alarm(on ? kStuckS : 0);
}

double processor_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void play(const Fuzzer& fuzzer, std::string_view input) {
  // A copy of exactly that size: reading beyond its end is found.
  std::vector<char> exact(input.begin(), input.end());
  playing = {exact.data(), exact.size()};
  set_patience(true);
  fuzzer.play(playing);
  set_patience(false);
  playing = {};
}

}  // namespace

int run(const Fuzzer& fuzzer, int argc, char** argv) {
  double seconds = 10;
  std::uint64_t seed = std::random_device()();
  fs::path findings = ".";
  std::vector<fs::path> files;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    bool has_value = i + 1 < argc;
    if (word == "--seconds" && has_value) {
      seconds = std::atof(argv[++i]);
    } else if (word == "--seed" && has_value) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--findings" && has_value) {
      findings = argv[++i];
    } else {
      files.emplace_back(word);
    }
  }
  findings_path = (findings / (std::string(fuzzer.name) + "-" + std::to_string(seed))).string();
  watch_for_the_end();
  for (const fs::path& file : files) play(fuzzer, read(file));
  if (!files.empty()) return 0;

  std::vector<std::string> corpus;
  fs::path folder = fs::path(ROWCALL_SOURCE_DIR) / "fuzz" / "corpus" / fuzzer.name;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) corpus.push_back(read(entry.path()));
  std::ranges::sort(corpus);
  for (const std::string& input : corpus) play(fuzzer, input);
  Changer changer(fuzzer, corpus, seed);
  double until = processor_seconds() + seconds;
  std::uint64_t played = 0;
  for (; processor_seconds() < until; ++played) play(fuzzer, changer.next());
  std::printf("%s: %llu inputs in %.0f s of processor time, seed %llu, %zu in the corpus; no finding\n",
              fuzzer.name, static_cast<unsigned long long>(played), seconds,
              static_cast<unsigned long long>(seed), corpus.size());
  return 0;
}

}  // namespace rowcall::fuzz
