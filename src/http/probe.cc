// SPDX-License-Identifier: Apache-2.0
#include "http/probe.h"

#include <openssl/ssl.h>

#include <ctime>
#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/parse.h"
#include "base/try.h"
#include "http/connection.h"
#include "http/reply_parser.h"
#include "http/tls.h"
#include "loop/loop_clock.h"

namespace rowcall::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// One probe: its steps in order, each with its time.
class Prober {
 public:
  Prober(asio::io_context& context, const Endpoint& endpoint, const Request& request, const RequestSpec& spec,
         asio::ssl::context* tls)
      : context_(context),
        clock_(context),
        endpoint_(endpoint),
        request_(request),
        spec_(spec),
        tls_(tls),
        connection_(context.get_executor()) {}

  Async<void> run() {
    Instant began = clock_.now();
    limit(spec_.connect_timeout, TransportError::kConnect);
    Addresses addresses;
    {
      asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver(context_.get_executor());
      error_code error;
      auto found = co_await resolver.async_resolve(endpoint_.host, endpoint_.port,
                                                   asio::redirect_error(use_async, error));
      if (error) {
        fail(TransportError::kResolve, endpoint_.host + ": " + error.message());
        co_return;
      }
      addresses.assign(found.begin(), found.end());
    }
    probe_.resolve = step(began);
    ConnectFailure failed =
        co_await connection_.open(addresses, 0, nullptr, endpoint_.host, spec_.tls_verify);
    probe_.connect = step(began);
    if (failed.error == TransportError::kNone && tls_ != nullptr) {
      failed = co_await connection_.secure(*tls_, endpoint_.host, spec_.tls_verify);
      probe_.handshake = step(began);
      look_at_certificate();
    }
    probe_.address = connection_.peer();
    if (failed.error != TransportError::kNone) {
      fail(failed.error, failed.detail);
      co_return;
    }
    limit(spec_.timeout, TransportError::kTimeout);
    co_await exchange();
    probe_.answer = step(began);
  }

  Probe take() { return std::move(probe_); }

 private:
  Async<void> exchange() {
    std::string text = endpoint_.method + " " + request_.target + " HTTP/1.1\r\n" + endpoint_.fixed_headers +
                       request_.header_lines + "Connection: close\r\n\r\n" + request_.body;
    error_code error;
    co_await connection_.write(text, error);
    ReplyParser parser(&probe_.reply, 1 << 20, false);
    auto& input = connection_.input();
    while (!error && !parser.is_done()) {
      connection_.received(co_await connection_.read(error));
      bool ended = error == asio::error::eof && parser.is_header_done() && parser.need_eof();
      if (ended) parser.put_eof(error);
      while (!error && input.size() > 0 && !parser.is_done()) {
        input.consume(parser.put(input.data(), error));
      }
      if (error == boost::beast::http::error::need_more) error = {};
    }
    if (error) fail(TransportError::kClosed, error.message());
  }

  // Ends the current step's I/O when it takes too long.
  void limit(Duration most, TransportError error) {
    int turn = ++turn_;
    clock_.call_at(clock_.now() + most, [this, turn, most, error] {
      if (turn != turn_) return;
      timed_out_ = error;
      timeout_text_ = "nothing within " + duration_text(most);
      connection_.cancel();
    });
  }

  void fail(TransportError error, std::string detail) {
    probe_.reply.error = timed_out_ != TransportError::kNone ? timed_out_ : error;
    probe_.reply.detail = timed_out_ != TransportError::kNone ? timeout_text_ : std::move(detail);
  }

  Duration step(Instant& since) {
    Instant now = clock_.now();
    Duration took = now - since;
    since = now;
    return took;
  }

  void look_at_certificate() {
    auto* ssl = static_cast<SSL*>(connection_.ssl());
    if (ssl == nullptr) return;
    probe_.tls_version = SSL_get_version(ssl);
    X509* certificate = SSL_get0_peer_certificate(ssl);
    if (certificate == nullptr) return;
    probe_.certificate_days = certificate_days(ssl);
    char name[256];
    X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof name);
    probe_.certificate_subject = name;
  }

  asio::io_context& context_;
  LoopClock clock_;
  const Endpoint& endpoint_;
  const Request& request_;
  const RequestSpec& spec_;
  asio::ssl::context* tls_;
  Connection connection_;
  Probe probe_;
  int turn_ = 0;
  TransportError timed_out_ = TransportError::kNone;
  std::string timeout_text_;
};

}  // namespace

Result<Probe> probe(const Endpoint& endpoint, const Request& request, const RequestSpec& spec) {
  TRY(auto tls, make_tls(spec));
  asio::io_context context(1);
  Prober prober(context, endpoint, request, spec, endpoint.tls ? tls.get() : nullptr);
  asio::co_spawn(context.get_executor(), prober.run(), [&context](std::exception_ptr unexpected) {
    if (unexpected) std::rethrow_exception(unexpected);
    context.stop();
  });
  context.run();
  return prober.take();
}

}  // namespace rowcall::http
