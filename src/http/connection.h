// SPDX-License-Identifier: Apache-2.0
// One connection: TCP, and TLS over it when the endpoint wants it.
//
// Belongs to one line of a transport. Errors come back as error codes; nothing throws.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/system/error_code.hpp>

#include "rowcall/outcome.h"

#include "loop/async.h"

namespace rowcall::http {

using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using TlsStream = boost::asio::ssl::stream<Socket&>;
using Addresses = std::vector<boost::asio::ip::tcp::endpoint>;

/// What went wrong while connecting, in the words of a Reply.
struct ConnectFailure {
  TransportError error = TransportError::kNone;
  std::string detail;
};

class Connection {
 public:
  explicit Connection(const Executor& executor) : socket_(executor) {}

  /// Tries the addresses in turn, beginning with number `first`, then TLS if `context` is not null.
  Async<ConnectFailure> open(const Addresses& addresses, std::size_t first,
                             boost::asio::ssl::context* context, const std::string& host, bool verify);
  /// TLS over an open connection.
  Async<ConnectFailure> secure(boost::asio::ssl::context& context, const std::string& host, bool verify);
  /// Writes what the kernel takes at once, and returns how much: over plain TCP nearly always all of it.
  std::size_t write_now(std::string_view bytes, boost::system::error_code& error);
  /// Writes all of `bytes`.
  Async<std::size_t> write(std::string_view bytes, boost::system::error_code& error);
  /// Reads what there is, at least one byte; `received` then puts it into `input`.
  Async<std::size_t> read(boost::system::error_code& error);
  void received(std::size_t bytes) { input_.commit(bytes); }
  /// Ends whatever is going on: pending reads and writes fail.
  void cancel();
  void close();
  /// True when the other side has closed, or sent what nobody asked for.
  bool stale();

  boost::beast::flat_buffer& input() { return input_; }
  /// The other side's address, or "".
  std::string peer() const;
  /// OpenSSL's handle, or null without TLS.
  void* ssl() { return tls_ ? tls_->native_handle() : nullptr; }

 private:
  Socket socket_;
  std::unique_ptr<TlsStream> tls_;
  boost::beast::flat_buffer input_;
};

}  // namespace rowcall::http
