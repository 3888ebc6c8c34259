// SPDX-License-Identifier: Apache-2.0
// One client connection: requests in, answers out in the order of the requests, plain or TLS.
//
// A request is read as soon as it is there, though earlier ones of the same connection may still wait for
// their answers (pipelining), so that arrivals are stamped when they arrive; up to `pipeline_max` of them.
//
// Owned by its pending operations and by the due queue; the server knows it by address until it has ended.
// Loop's thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "mockapi/api.h"
#include "mockapi/call.h"
#include "mockapi/net.h"
#include "mockapi/request_reader.h"

namespace rowcall::mockapi {

class Server;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// With `tls`, a handshake comes first.
  Connection(Server& server, Socket socket, asio::ssl::context* tls);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// The moment of that call's answer has come.
  void answer_due(std::uint64_t call);
  /// Ends it with a TCP reset.
  void reset();
  /// Ends it at once, in the ordinary way.
  void close();

 private:
  /// An answer in its place in the order of the connection.
  struct Slot {
    Answer answer;
    bool ready;
  };
  Socket& socket();
  void read();
  void on_read(const error_code& error, std::size_t bytes);
  void on_readable(const error_code& error);
  void go_on();
  void parse();
  void make_room();
  void take_call(Instant at);
  void complain(const error_code& error);
  void say_continue();
  void flush();
  bool gather();
  void write();
  void on_written(const error_code& error, std::size_t bytes);
  void after_write();
  void finish();
  void drain();
  void end();

  Server& server_;
  std::variant<Socket, TlsStream> stream_;

  std::vector<char> in_;  ///< Bytes read and not yet parsed: [in_begin_, in_end_).
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  Call call_;
  std::optional<RequestReader> reader_;
  std::optional<Instant> stamp_;  ///< The kernel's, of the last bytes read.

  std::deque<Slot> slots_;
  std::uint64_t first_slot_ = 0;  ///< The number of the call in front.
  std::int64_t unanswered_ = 0;   ///< Calls that get no answer ever; nothing behind them does either.

  std::string out_;  ///< Bytes being written, from `written_` on.
  std::size_t written_ = 0;
  std::int64_t out_calls_ = 0;  ///< Scored calls whose answers these are.
  std::size_t drained_ = 0;

  bool reading_ = false;       ///< A read is pending.
  bool writing_ = false;       ///< A write is pending.
  bool paused_ = false;        ///< Bytes wait to be parsed until answers have left.
  bool end_of_input_ = false;  ///< No further request is read.
  bool close_after_ = false;   ///< What is being written is the last.
  bool broken_input_ = false;  ///< The client may still be sending what nobody reads.
  bool ended_ = false;
};

}  // namespace rowcall::mockapi
