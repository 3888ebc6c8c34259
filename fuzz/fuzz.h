// SPDX-License-Identifier: Apache-2.0
// A fuzzer with a plain main(): inputs of the corpus are changed at random and given to a function, which
// must not crash, hang or break a sanitizer's rule, whatever it gets.
//
//   x_fuzz [--seconds N] [--seed S] [--findings DIR] [FILE...]
//
// The corpus is fuzz/corpus/NAME/ in the tree. With FILEs only those are played: to repeat a finding. An
// input that ends the process, or takes longer than ten seconds, is left in DIR. Seconds are of processor
// time, so that the same number of them says as much on a busy machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rowcall::fuzz {

struct Fuzzer {
  const char* name;  ///< Of the folder in fuzz/corpus.
  void (*play)(std::string_view input);
  std::vector<std::string> words;   ///< Pieces of the language, put in here and there.
  std::size_t bytes_max = 1 << 14;  ///< No input is longer.
};

/// What `main` returns.
int run(const Fuzzer& fuzzer, int argc, char** argv);

}  // namespace rowcall::fuzz
