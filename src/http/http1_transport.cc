// SPDX-License-Identifier: Apache-2.0
#include "http/http1_transport.h"

#include <algorithm>
#include <set>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>

#include "base/assert.h"
#include "base/parse.h"
#include "http/inflate.h"
#include "http/reply_parser.h"
#include "http/tls.h"

namespace rowcall::http {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr Duration kSweepEvery = 25ms;
constexpr Duration kIdleMax = 30s;       // an idle line is closed after that; many servers do so earlier
constexpr Duration kTrustedFor = 300ms;  // a line idle for longer is looked at before it is used
constexpr Duration kAddressesFor = 30s;
constexpr int kDialingMax = 128;
constexpr int kAnnouncementsMax = 100;  // 1xx replies before the real one

bool too_large(const error_code& error) {
  return error == beast_http::error::body_limit || error == beast_http::error::header_limit ||
         error == beast_http::error::buffer_overflow;
}

// "10.0.0.1, 10.0.0.2": each once, in order, since name services turn them round.
std::string sorted_text(const Addresses& addresses) {
  std::set<std::string> texts;
  for (const auto& address : addresses) texts.insert(address.address().to_string());
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

// What has changed, or "".
std::string addresses_change(const Addresses& before, const Addresses& after) {
  if (before.empty()) return "";
  std::string was = sorted_text(before), is = sorted_text(after);
  return was == is ? "" : "from " + was + " to " + is;
}

}  // namespace

struct Http1Transport::Slot {
  explicit Slot(const Executor& executor) : connection(executor) {}
  Connection connection;
  State state = State::kFree;
  bool timed_out = false;
  bool used = false;
  Instant deadline{};  // while dialing or busy
  Instant idle_since{};
  std::string output;
};

// A reply that is being read: the parser of the message under way, and how many only announced it.
struct Http1Transport::Reading {
  Reading(const TransportOptions& options, const Request& request, Reply& into)
      : reply(&into),
        body_bytes_max(static_cast<std::uint64_t>(options.body_bytes_max)),
        head((request.method.empty() ? options.endpoint.method : request.method) == "HEAD") {
    begin();
  }
  void begin() { parser.emplace(reply, body_bytes_max, head); }

  Reply* reply;
  std::uint64_t body_bytes_max;
  bool head;
  std::optional<ReplyParser> parser;
  int announcements = 0;
};

Http1Transport::Http1Transport(Executor executor, Clock* clock, TransportOptions options,
                               std::unique_ptr<asio::ssl::context> tls, LineEvents events)
    : executor_(executor),
      clock_(clock),
      options_(std::move(options)),
      tls_(std::move(tls)),
      events_(std::move(events)),
      resolver_(executor),
      resolved_(executor) {
  ROWCALL_ASSERT(options_.endpoint.tls == (tls_ != nullptr),
                 "a TLS context is for https endpoints, and for them alone");
}

Http1Transport::~Http1Transport() = default;

std::optional<Line> Http1Transport::take() {
  Instant now = clock_->now();
  while (!idle_.empty()) {
    Line line = idle_.back();
    idle_.pop_back();
    Slot& slot = *slots_[static_cast<std::size_t>(line)];
    if (now - slot.idle_since > kTrustedFor && slot.connection.stale()) {
      free_line(line);
      continue;
    }
    set_state(slot, State::kBusy);
    return line;
  }
  return std::nullopt;
}

void Http1Transport::dial(int wanted) {
  for (; wanted > 0 && !closed_; --wanted) {
    if (counts_.open() >= options_.lines_max || counts_.dialing >= kDialingMax) return;
    if (free_.empty()) {
      free_.push_back(static_cast<Line>(slots_.size()));
      slots_.emplace_back();
    }
    Line line = free_.back();
    free_.pop_back();
    auto& slot = slots_[static_cast<std::size_t>(line)];
    slot = std::make_unique<Slot>(executor_);
    set_state(*slot, State::kDialing);
    slot->deadline = clock_->now() + options_.connect_timeout;
    arm_sweep();
    asio::co_spawn(executor_, open_line(line), asio::detached);
  }
}

Async<void> Http1Transport::open_line(Line line) {
  Slot& slot = *slots_[static_cast<std::size_t>(line)];
  Reply failure;
  ConnectionOpened opened;
  bool resolved = co_await resolve(slot, failure, opened.resolve);
  if (resolved) {
    ConnectFailure connected = co_await connect(slot, opened);
    if (connected.error != TransportError::kNone) fail(slot, failure, connected.error, connected.detail);
  }
  if (failure.error == TransportError::kNone && !closed_) {
    set_state(slot, State::kIdle);
    slot.idle_since = clock_->now();
    idle_.push_back(line);
    tell_opened(slot, opened);
    if (events_.ready) events_.ready();
    co_return;
  }
  free_line(line);
  failure.sent_at = failure.done_at = clock_->now();
  if (!closed_ && events_.dial_failed) events_.dial_failed(std::move(failure));
}

// Connects, and notes how long each step took.
Async<ConnectFailure> Http1Transport::connect(Slot& slot, ConnectionOpened& opened) {
  // A copy: the addresses may be renewed while this line is connecting.
  Addresses addresses = addresses_;
  Instant began = clock_->now();
  const std::string& host = options_.endpoint.host;
  ConnectFailure failed =
      co_await slot.connection.open(addresses, next_address_++, nullptr, host, options_.tls_verify);
  Instant connected = clock_->now();
  opened.connect = connected - began;
  if (failed.error != TransportError::kNone || tls_ == nullptr) co_return failed;
  failed = co_await slot.connection.secure(*tls_, host, options_.tls_verify);
  opened.handshake = clock_->now() - connected;
  co_return failed;
}

void Http1Transport::tell_opened(Slot& slot, ConnectionOpened& opened) {
  if (!events_.opened) return;
  std::string address = slot.connection.peer();
  std::string moved = std::exchange(moved_, "");
  opened.address = address;
  opened.moved = moved;
  opened.certificate_days = certificate_days(slot.connection.ssl());
  events_.opened(opened);
}

Async<bool> Http1Transport::resolve(Slot& slot, Reply& failure, Duration& took) {
  while (resolving_ && !slot.timed_out && !closed_) co_await resolved_.wait();
  bool fresh = !addresses_.empty() && clock_->now() - addresses_at_ < kAddressesFor;
  if (!fresh && !slot.timed_out && !closed_) {
    resolving_ = true;
    Instant began = clock_->now();
    error_code error;
    auto found = co_await resolver_.async_resolve(options_.endpoint.host, options_.endpoint.port,
                                                  asio::redirect_error(use_async, error));
    resolving_ = false;
    resolve_failure_ = error ? error.message() : "";
    if (!error) {
      Addresses before = std::exchange(addresses_, Addresses(found.begin(), found.end()));
      addresses_at_ = clock_->now();
      took = addresses_at_ - began;
      if (std::string change = addresses_change(before, addresses_); !change.empty()) moved_ = change;
    }
    resolved_.raise();
  }
  // Old addresses are better than none while the name service is ill.
  if (!addresses_.empty() && !slot.timed_out && !closed_) co_return true;
  fail(slot, failure, TransportError::kResolve, options_.endpoint.host + ": " + resolve_failure_);
  co_return false;
}

// One coroutine for the whole of an attempt: what it does between two waits are plain functions.
Async<Reply> Http1Transport::send(Line line, const Request& request, OnSent on_sent) {
  Slot& slot = *slots_[static_cast<std::size_t>(line)];
  ROWCALL_ASSERT(slot.state == State::kBusy, "a line must be taken before it is used");
  Reply reply;
  begin(slot, request, reply);

  error_code error;
  std::string_view unwritten = slot.output;
  unwritten.remove_prefix(slot.connection.write_now(unwritten, error));
  if (!error && !unwritten.empty()) co_await slot.connection.write(unwritten, error);
  // Read after the write: the latest moment at which the request can have left.
  reply.sent_at = clock_->now();
  on_sent(reply.sent_at);

  std::optional<bool> keep;
  if (error || slot.timed_out) {
    fail(slot, reply, TransportError::kClosed, error.message());
    keep = false;
  }
  Reading reading(options_, request, reply);
  while (!keep) {
    std::size_t received = co_await slot.connection.read(error);
    slot.connection.received(received);
    reply.bytes_in += static_cast<std::uint32_t>(received);
    if (reply.answering_at == Instant{}) reply.answering_at = clock_->now();
    // What ends a late reply is `cancel`, which finds nothing to cancel while bytes keep coming.
    if (!error && slot.timed_out) error = asio::error::operation_aborted;
    keep = error ? read_failed(slot, reading, reply, error) : take_in(slot, reading, reply);
  }
  end(line, *keep, reply);
  co_return reply;
}

void Http1Transport::begin(Slot& slot, const Request& request, Reply& reply) {
  slot.timed_out = false;
  slot.deadline = clock_->now() + options_.timeout;
  arm_sweep();
  serialise(request, slot.output);
  reply.reused = std::exchange(slot.used, true);
  reply.bytes_out = static_cast<std::uint32_t>(slot.output.size());
  reply.on_wire = true;
}

// Parses what was received. True or false once the attempt is over: whether the connection can carry another.
std::optional<bool> Http1Transport::take_in(Slot& slot, Reading& reading, Reply& reply) {
  auto& input = slot.connection.input();
  for (;;) {
    error_code error;
    while (input.size() > 0 && !reading.parser->is_done() && !error) {
      std::size_t used = reading.parser->put(input.data(), error);
      input.consume(used);
    }
    if (error && error != beast_http::error::need_more) {
      fail(slot, reply, too_large(error) ? TransportError::kTooLarge : TransportError::kProtocol,
           error.message());
      return false;
    }
    if (!reading.parser->is_done()) return std::nullopt;
    if (reply.status >= 200 || reply.status == 101) break;
    // 1xx replies only announce the real one.
    reply.status = 0;
    reply.body.clear();
    if (++reading.announcements == kAnnouncementsMax) {
      fail(slot, reply, TransportError::kProtocol,
           std::to_string(kAnnouncementsMax) + " announcements (1xx), and no answer");
      return false;
    }
    reading.begin();
  }
  unpack(reply, reading.parser->content_encoding());
  return reading.parser->keep_alive() && input.size() == 0;
}

// Nothing more can be read. Some bodies have no length: the end of the connection is theirs.
bool Http1Transport::read_failed(Slot& slot, Reading& reading, Reply& reply, error_code error) {
  ReplyParser& parser = *reading.parser;
  bool ended = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
  error_code cut_off = error;
  if (ended && parser.got_some() && parser.is_header_done() && parser.need_eof()) parser.put_eof(cut_off);
  if (cut_off) {
    fail(slot, reply, TransportError::kClosed, error.message());
  } else {
    unpack(reply, parser.content_encoding());
  }
  return false;
}

void Http1Transport::end(Line line, bool keep, Reply& reply) {
  Slot& slot = *slots_[static_cast<std::size_t>(line)];
  reply.done_at = clock_->now();
  if (keep && !closed_) {
    set_state(slot, State::kIdle);
    slot.idle_since = reply.done_at;
    idle_.push_back(line);
  } else {
    free_line(line);
  }
  if (!closed_ && events_.ready) events_.ready();
}

void Http1Transport::unpack(Reply& reply, const std::string& encoding) const {
  if (encoding.empty() || encoding == "identity" || reply.body.empty()) return;
  if (encoding != "gzip" && encoding != "x-gzip" && encoding != "deflate") {
    reply.error = TransportError::kProtocol;
    reply.detail = "content encoding \"" + encoding + "\" is not understood";
    return;
  }
  auto body = inflated(reply.body, static_cast<std::size_t>(options_.body_bytes_max));
  if (body) {
    reply.body = *std::move(body);
    return;
  }
  bool too_large = body.error().code == ErrorCode::kStorage;
  reply.error = too_large ? TransportError::kTooLarge : TransportError::kProtocol;
  reply.detail = too_large
                     ? "more than " + bytes_text(options_.body_bytes_max) + " of body once it is unpacked"
                     : body.error().text();
  reply.body.clear();
}

void Http1Transport::fail(Slot& slot, Reply& reply, TransportError error, std::string detail) const {
  bool dialing = slot.state == State::kDialing;
  if (closed_) {
    error = TransportError::kCancelled;
  } else if (slot.timed_out) {
    error = dialing ? TransportError::kConnect : TransportError::kTimeout;
    detail = "nothing within " + duration_text(dialing ? options_.connect_timeout : options_.timeout);
  } else if (error == TransportError::kTooLarge) {
    detail = "more than " + bytes_text(options_.body_bytes_max) + " of body, or " +
             bytes_text(ReplyParser::kHeaderBytesMax) + " of headers";
  }
  reply.error = error;
  reply.detail = std::move(detail);
  reply.body.clear();
}

void Http1Transport::serialise(const Request& request, std::string& out) const {
  const Endpoint& endpoint = options_.endpoint;
  out.clear();
  const std::string& method = request.method.empty() ? endpoint.method : request.method;
  out.append(method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
  out.append(endpoint.fixed_headers).append(request.header_lines);
  bool bodiless = request.body.empty() && (method == "GET" || method == "HEAD" || method == "DELETE");
  if (!bodiless) out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  out.append("\r\n").append(request.body);
}

void Http1Transport::set_state(Slot& slot, State state) {
  auto counter = [this](State s) -> int* {
    switch (s) {
      case State::kDialing: return &counts_.dialing;
      case State::kIdle: return &counts_.idle;
      case State::kBusy: return &counts_.busy;
      case State::kFree: return nullptr;
    }
    return nullptr;
  };
  if (int* old = counter(slot.state)) --*old;
  if (int* now = counter(state)) ++*now;
  slot.state = state;
}

void Http1Transport::free_line(Line line) {
  Slot& slot = *slots_[static_cast<std::size_t>(line)];
  slot.connection.close();
  set_state(slot, State::kFree);
  free_.push_back(line);
}

void Http1Transport::close() {
  closed_ = true;
  resolver_.cancel();
  resolved_.raise();
  for (auto& slot : slots_) {
    if (slot && slot->state != State::kFree) slot->connection.cancel();
  }
  for (Line line : std::exchange(idle_, {})) free_line(line);
}

void Http1Transport::arm_sweep() {
  if (std::exchange(sweeping_, true)) return;
  clock_->call_at(clock_->now() + kSweepEvery, [this] {
    sweeping_ = false;
    sweep();
  });
}

void Http1Transport::sweep() {
  Instant now = clock_->now();
  for (auto& slot : slots_) {
    if (!slot || (slot->state != State::kBusy && slot->state != State::kDialing)) continue;
    if (now < slot->deadline) continue;
    slot->timed_out = true;
    // At each sweep: the one before may have come between two operations.
    slot->connection.cancel();
    // It may be waiting for the name service, which cannot be cancelled.
    if (slot->state == State::kDialing) resolved_.raise();
  }
  auto cold = [&](Line line) { return now - slots_[static_cast<std::size_t>(line)]->idle_since > kIdleMax; };
  while (!idle_.empty() && cold(idle_.front())) {
    free_line(idle_.front());
    idle_.erase(idle_.begin());
  }
  if (counts_.open() > 0 && !closed_) arm_sweep();
}

}  // namespace rowcall::http
