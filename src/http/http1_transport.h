// SPDX-License-Identifier: Apache-2.0
// The real transport: HTTP/1.1 over a pool of keep-alive connections to one endpoint, on Asio and Beast.
//
// Requests are serialised into one buffer by us, replies are read by Beast's parser into a Reply.
// Timeouts are kept by one sweep over all lines every 25 ms instead of a timer per call. Belongs to the
// loop thread of one run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "http/connection.h"
#include "http/transport.h"
#include "loop/clock.h"

namespace rowcall::http {

/// What the transport needs to know of a job.
struct TransportOptions {
  Endpoint endpoint;
  int lines_max = 64;
  Duration timeout = std::chrono::seconds(30);
  Duration connect_timeout = std::chrono::seconds(10);
  std::int64_t body_bytes_max = 8 << 20;
  bool tls_verify = true;
};

class Http1Transport final : public Transport {
 public:
  /// `tls` may be null for a plain endpoint. `events` is called on the loop.
  Http1Transport(Executor executor, Clock* clock, TransportOptions options,
                 std::unique_ptr<boost::asio::ssl::context> tls, LineEvents events);
  ~Http1Transport() override;

  std::optional<Line> take() override;
  void dial(int wanted) override;
  Async<Reply> send(Line line, const Request& request, OnSent on_sent) override;
  void close() override;
  LineCounts lines() const override { return counts_; }

 private:
  enum class State { kFree, kDialing, kIdle, kBusy };
  struct Slot;
  struct Reading;

  Async<void> open_line(Line line);
  Async<bool> resolve(Slot& slot, Reply& failure, Duration& took);
  Async<ConnectFailure> connect(Slot& slot, ConnectionOpened& opened);
  void tell_opened(Slot& slot, ConnectionOpened& opened);
  void begin(Slot& slot, const Request& request, Reply& reply);
  std::optional<bool> take_in(Slot& slot, Reading& reading, Reply& reply);
  bool read_failed(Slot& slot, Reading& reading, Reply& reply, boost::system::error_code error);
  void end(Line line, bool keep, Reply& reply);
  void fail(Slot& slot, Reply& reply, TransportError error, std::string detail) const;
  void unpack(Reply& reply, const std::string& encoding) const;
  void set_state(Slot& slot, State state);
  void free_line(Line line);
  void serialise(const Request& request, std::string& out) const;
  void arm_sweep();
  void sweep();

  Executor executor_;
  Clock* clock_;
  TransportOptions options_;
  std::unique_ptr<boost::asio::ssl::context> tls_;
  LineEvents events_;
  bool closed_ = false;
  bool sweeping_ = false;
  LineCounts counts_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Line> free_;  // slots without a connection
  std::vector<Line> idle_;  // last used first: the rest may cool down and be closed

  // Name resolution, shared by all lines.
  using Resolver = boost::asio::ip::basic_resolver<boost::asio::ip::tcp, Executor>;
  Resolver resolver_;
  Signal resolved_;
  bool resolving_ = false;
  std::string resolve_failure_;
  Addresses addresses_;
  Instant addresses_at_{};
  std::size_t next_address_ = 0;
  std::string moved_;  // the addresses before and after, until a line is open to tell it with
};

}  // namespace rowcall::http
