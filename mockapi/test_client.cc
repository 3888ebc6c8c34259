// SPDX-License-Identifier: Apache-2.0
#include "mockapi/test_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace rowcall::mockapi {

struct TestClient::Tls {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* session = SSL_new(context);
  ~Tls() {
    SSL_free(session);
    SSL_CTX_free(context);
  }
};

TestClient::TestClient(std::uint16_t port, bool tls) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  timeval patience{10, 0};
  int on = 1;
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  if (!tls) return;
  tls_ = std::make_unique<Tls>();
  SSL_set_fd(tls_->session, socket_);
  EXPECT_EQ(SSL_connect(tls_->session), 1);
}

TestClient::~TestClient() {
  ::close(socket_);
}

void TestClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = tls_ ? SSL_write(tls_->session, bytes.data(), static_cast<int>(bytes.size()))
                     : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // The other end has gone; receive() tells how.
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool TestClient::fill(TestReply& reply) {
  char bytes[16384];
  auto got = tls_ ? SSL_read(tls_->session, bytes, sizeof bytes) : ::recv(socket_, bytes, sizeof bytes, 0);
  if (got > 0) {
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  reply.reset = got < 0 && (errno == ECONNRESET || errno == EPIPE);
  reply.closed = got == 0;
  return false;
}

TestReply TestClient::receive() {
  TestReply reply;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(reply)) return reply;
  }
  reply.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  auto at = reply.head.find(kLength);
  std::size_t length =
      at == std::string::npos ? 0 : std::strtoul(reply.head.c_str() + at + kLength.size(), nullptr, 10);
  while (buffer_.size() < length) {
    if (!fill(reply)) return reply;
  }
  reply.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  reply.status = std::atoi(reply.head.c_str() + std::string_view("HTTP/1.1 ").size());
  return reply;
}

bool TestClient::nothing_came() {
  char byte = 0;
  return buffer_.empty() && ::recv(socket_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

void TestClient::close_sending() {
  ::shutdown(socket_, SHUT_WR);
}

TestReply TestClient::post(std::string_view body, std::string_view headers) {
  send(post_of(body, headers));
  return receive();
}

TestReply TestClient::get(std::string_view target) {
  send("GET " + std::string(target) + " HTTP/1.1\r\nHost: mock\r\n\r\n");
  return receive();
}

std::string post_of(std::string_view body, std::string_view headers) {
  std::string bytes = "POST /score HTTP/1.1\r\nHost: mock\r\nContent-Type: application/json\r\n";
  bytes.append(headers).append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  return bytes.append(body);
}

}  // namespace rowcall::mockapi
