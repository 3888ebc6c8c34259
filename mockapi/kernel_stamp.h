// SPDX-License-Identifier: Apache-2.0
// When the kernel received the bytes, instead of when the server came round to read them.
//
// A server that is kept from running for 10 ms finds 50 calls at once and would charge them to the sender as
// a burst. Linux stamps each TCP segment on receipt (SO_TIMESTAMPING, software stamps) and hands the stamp
// of the last one out with the bytes. On loopback it was taken 2.6 us after the client's send (median,
// p99 4 us), while the reading of it came 6.5 us later (median) and up to 12 ms later (worst of 200,000);
// recvmsg with the stamp cost no more than recv, within the noise.
//
// What to know of it:
// - The stamp is of the last segment read. Requests of one connection that are read together get the
//   stamp of the last of them, so a pipelining client is stamped late, as without kernel stamps.
// - Under TLS the segments do not show where a request ends, so there it is not offered.
// - Stamps are of the wall clock, and turned into steady ones by the difference of the clocks at the time of
//   reading. A wall clock set in between would show; a stamp from the future, or older than ten seconds, is
//   not believed, and the time of reading is taken.
// - It is set on the listening socket, whose connections inherit it, so that no first segment is missed. The
//   kernel switches stamping on in the background when the first socket of the machine asks for it; what
//   comes in these first milliseconds has no stamp, and the time of reading is taken.
#pragma once

#include <cstddef>

#include "rowcall/time.h"

namespace rowcall::mockapi {

/// Asks for stamps on a listening socket. False where the system has none.
bool ask_for_stamps(int socket);

struct StampedRead {
  std::size_t bytes = 0;  ///< 0 without `again`: the end of input, or an error.
  bool again = false;     ///< Nothing is there yet.
  bool stamped = false;   ///< `at` is the kernel's; else the time of reading.
  Instant at{};
};

/// Reads without waiting.
StampedRead read_stamped(int socket, char* bytes, std::size_t max);

}  // namespace rowcall::mockapi
