// SPDX-License-Identifier: Apache-2.0
// For tests: a server on a free loopback port that answers exactly the bytes it is told to.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rowcall::http {

class ScriptedServer {
 public:
  /// What to do with one request: the bytes to send, then whether to close the connection.
  struct Act {
    std::string bytes;
    bool close = false;
    int pause_ms = 0;    ///< Before sending.
    bool drip = false;   ///< One byte at a time.
    bool never = false;  ///< Send nothing, keep the connection.
  };
  /// Of the request's text and its number on this server, from 0.
  using Script = std::function<Act(const std::string&, int)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(listener_, 64) != 0)
      std::abort();
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~ScriptedServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard lock(mutex_);
      for (int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  std::string port() const { return std::to_string(port_); }
  int connections() const { return connections_; }
  int requests() const { return requests_; }
  std::vector<std::string> seen() {
    std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  void accept_all() {
    for (;;) {
      int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }

  // Reads requests (headers, then Content-Length bytes) until the connection ends.
  void serve(int fd) {
    std::string text;
    char buffer[65536];
    while (!stopping_) {
      std::size_t head = text.find("\r\n\r\n");
      std::size_t whole = std::string::npos;
      if (head != std::string::npos) {
        std::size_t length = 0;
        if (auto at = text.find("Content-Length: "); at < head) length = std::stoul(text.substr(at + 16));
        if (text.size() >= head + 4 + length) whole = head + 4 + length;
      }
      if (whole == std::string::npos) {
        ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
        if (n <= 0) break;
        text.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      std::string request = text.substr(0, whole);
      text.erase(0, whole);
      {
        std::lock_guard lock(mutex_);
        seen_.push_back(request);
      }
      Act act = script_(request, requests_++);
      if (act.pause_ms > 0) ::usleep(static_cast<useconds_t>(act.pause_ms) * 1000);
      if (act.never) continue;
      if (!send_bytes(fd, act) || act.close) break;
    }
    std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    ::close(fd);
  }

  bool send_bytes(int fd, const Act& act) {
    std::size_t step = act.drip ? 1 : act.bytes.size();
    for (std::size_t at = 0; at < act.bytes.size() && !stopping_; at += step) {
      if (act.drip) ::usleep(2000);
      std::size_t left = std::min(step, act.bytes.size() - at);
      while (left > 0) {
        ssize_t n = ::send(fd, act.bytes.data() + at + (std::min(step, act.bytes.size() - at) - left), left,
                           MSG_NOSIGNAL);
        if (n <= 0) return false;
        left -= static_cast<std::size_t>(n);
      }
    }
    return true;
  }

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::atomic<int> requests_{0};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::string> seen_;
  std::thread acceptor_;
  std::vector<std::thread> threads_;
};

}  // namespace rowcall::http
