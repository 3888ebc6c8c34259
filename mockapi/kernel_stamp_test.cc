// SPDX-License-Identifier: Apache-2.0
#include "mockapi/kernel_stamp.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "mockapi/clocks.h"
#include "mockapi/test_client.h"

namespace rowcall::mockapi {
namespace {

TEST(KernelStamp, IsOfTheArrivalAndNotOfTheReading) {
  int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_TRUE(ask_for_stamps(listener));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 4), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  TestClient client(ntohs(address.sin_port));
  int accepted = ::accept(listener, nullptr, nullptr);
  char bytes[64];
  EXPECT_TRUE(read_stamped(accepted, bytes, sizeof bytes).again);

  // The kernel switches stamping on in the background.
  int stamped = 0;
  for (int i = 0; i < 500 && stamped < 5; ++i) {
    const Instant before = steady_now();
    client.send("hello");
    pollfd readable{accepted, POLLIN, 0};
    ASSERT_EQ(::poll(&readable, 1, 10'000), 1);
    const Instant arrived = steady_now();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // The reader is held up.
    StampedRead read = read_stamped(accepted, bytes, sizeof bytes);
    EXPECT_EQ(read.bytes, 5u);
    stamped += read.stamped;
    // The two clocks are read one after the other, which may take a moment.
    EXPECT_GE(read.at, before - std::chrono::milliseconds(1));
    if (!read.stamped) continue;
    EXPECT_LE(read.at, arrived + std::chrono::milliseconds(1));
  }
  EXPECT_EQ(stamped, 5);
  client.close_sending();
  pollfd readable{accepted, POLLIN, 0};
  ASSERT_EQ(::poll(&readable, 1, 10'000), 1);
  StampedRead end = read_stamped(accepted, bytes, sizeof bytes);
  EXPECT_EQ(end.bytes, 0u);
  EXPECT_FALSE(end.again);
  ::close(accepted);
  ::close(listener);
}

}  // namespace
}  // namespace rowcall::mockapi
