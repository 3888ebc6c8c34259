// SPDX-License-Identifier: Apache-2.0
// A blocking HTTP client for tests of the mock API, on plain sockets: it shares nothing with the server, and
// can misbehave. Gives up after ten seconds, so that a test fails instead of hanging.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace rowcall::mockapi {

/// What came back. `status` is 0 when no answer did; then one of the two ends is set.
struct TestReply {
  int status = 0;
  std::string head;  ///< Status line and headers.
  std::string body;
  bool reset = false;   ///< The connection was reset.
  bool closed = false;  ///< The connection ended in the ordinary way.
};

class TestClient {
 public:
  /// Connects to 127.0.0.1; with `tls`, without verifying anything.
  explicit TestClient(std::uint16_t port, bool tls = false);
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void send(std::string_view bytes);
  TestReply receive();
  /// Nothing is there to be read at this moment, and the connection is open.
  bool nothing_came();
  void close_sending();

  /// Sends and receives. `headers` are whole lines, each with its line end.
  TestReply post(std::string_view body, std::string_view headers = {});
  TestReply get(std::string_view target);

 private:
  bool fill(TestReply& reply);

  struct Tls;
  int socket_;
  std::unique_ptr<Tls> tls_;
  std::string buffer_;
};

/// The bytes of a POST to /score.
std::string post_of(std::string_view body, std::string_view headers = {});

}  // namespace rowcall::mockapi
