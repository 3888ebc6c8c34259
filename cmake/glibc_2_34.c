// SPDX-License-Identifier: Apache-2.0
// Lets the wheel run on glibc 2.34 (Amazon Linux 2023): libstdc++ of GCC 12, linked in statically, takes
// random bytes from arc4random, which came with glibc 2.36. This one is found first, and seen by nobody else.
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((visibility("hidden"))) uint32_t arc4random(void) {
  uint32_t bytes;
  // Fails only for more than 256 bytes, or without a kernel that has it.
  if (getentropy(&bytes, sizeof bytes) != 0) abort();
  return bytes;
}
