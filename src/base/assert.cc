// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace rowcall {

void claim_broken(const char* claim, const char* file, int line, const char* note) {
  std::fprintf(stderr, "rowcall: bug: %s:%d: %s (%s)\n", file, line, claim, note);
  std::fflush(stderr);
  std::abort();
}

}  // namespace rowcall
