// SPDX-License-Identifier: Apache-2.0
#include "mockapi/kernel_stamp.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <cstring>

#include "mockapi/clocks.h"

namespace rowcall::mockapi {
namespace {

Duration duration_of(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// The stamp among the control messages, as time since 1970; zero without one.
Duration stamp_in(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPING) continue;
    scm_timestamping stamps;
    std::memcpy(&stamps, CMSG_DATA(part), sizeof stamps);
    return duration_of(reinterpret_cast<const timespec&>(stamps.ts[0]));
  }
  return Duration::zero();
}

}  // namespace

bool ask_for_stamps(int socket) {
  int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  return ::setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0;
}

StampedRead read_stamped(int socket, char* bytes, std::size_t max) {
  alignas(cmsghdr) char control[256];
  iovec room{bytes, max};
  msghdr message{};
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = ::recvmsg(socket, &message, MSG_DONTWAIT);
  StampedRead read;
  read.again = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  if (got <= 0) return read;
  read.bytes = static_cast<std::size_t>(got);
  const Moment now = moment_now();
  read.at = now.steady;
  const Duration stamp = stamp_in(message);
  const Duration age = now.since_1970 - stamp;
  read.stamped = stamp > Duration::zero() && age >= Duration::zero() && age < std::chrono::seconds(10);
  if (read.stamped) read.at -= age;
  return read;
}

}  // namespace rowcall::mockapi
