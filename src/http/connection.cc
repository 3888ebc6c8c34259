// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "http/tls.h"

namespace rowcall::http {

namespace asio = boost::asio;
using boost::system::error_code;

Async<ConnectFailure> Connection::open(const Addresses& addresses, std::size_t first,
                                       asio::ssl::context* context, const std::string& host, bool verify) {
  ConnectFailure failure;
  error_code error = asio::error::host_not_found;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    error_code ignored;
    socket_.close(ignored);
    const auto& address = addresses[(first + i) % addresses.size()];
    co_await socket_.async_connect(address, asio::redirect_error(use_async, error));
    if (!error || error == asio::error::operation_aborted) break;
  }
  if (error) {
    failure.error = TransportError::kConnect;
    failure.detail = error.message();
    co_return failure;
  }
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);  // for `write_now`
  if (context != nullptr) failure = co_await secure(*context, host, verify);
  co_return failure;
}

Async<ConnectFailure> Connection::secure(asio::ssl::context& context, const std::string& host, bool verify) {
  ConnectFailure failure;
  tls_ = std::make_unique<TlsStream>(socket_, context);
  prepare_tls(tls_->native_handle(), host, verify);
  error_code error;
  co_await tls_->async_handshake(asio::ssl::stream_base::client, asio::redirect_error(use_async, error));
  if (!error) co_return failure;
  long verdict = SSL_get_verify_result(tls_->native_handle());
  if (verify && verdict != X509_V_OK) {
    failure.error = TransportError::kCertificate;
    failure.detail = X509_verify_cert_error_string(verdict);
  } else {
    failure.error = TransportError::kTls;
    failure.detail = error.message();
  }
  co_return failure;
}

std::size_t Connection::write_now(std::string_view bytes, error_code& error) {
  if (tls_) return 0;
  std::size_t written = socket_.write_some(asio::buffer(bytes), error);
  if (error == asio::error::would_block || error == asio::error::try_again) error = {};
  return written;
}

// No coroutines of ours: what Asio returns is awaited by the caller, one frame less for each.
Async<std::size_t> Connection::write(std::string_view bytes, error_code& error) {
  auto buffer = asio::buffer(bytes);
  if (tls_) return asio::async_write(*tls_, buffer, asio::redirect_error(use_async, error));
  return asio::async_write(socket_, buffer, asio::redirect_error(use_async, error));
}

Async<std::size_t> Connection::read(error_code& error) {
  constexpr std::size_t kReadBytes = 8192;
  auto buffer = input_.prepare(kReadBytes);
  if (tls_) return tls_->async_read_some(buffer, asio::redirect_error(use_async, error));
  return socket_.async_read_some(buffer, asio::redirect_error(use_async, error));
}

void Connection::cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::close() {
  // Without this mark OpenSSL would refuse to resume the session later.
  if (tls_) SSL_set_shutdown(tls_->native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  error_code ignored;
  socket_.close(ignored);
}

std::string Connection::peer() const {
  error_code error;
  auto endpoint = socket_.remote_endpoint(error);
  return error ? "" : endpoint.address().to_string() + " port " + std::to_string(endpoint.port());
}

bool Connection::stale() {
  char byte;
  ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  // TLS 1.3 servers may send session tickets at any time: waiting bytes are no bad sign there.
  if (n > 0) return tls_ == nullptr;
  return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace rowcall::http
