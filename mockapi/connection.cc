// SPDX-License-Identifier: Apache-2.0
#include "mockapi/connection.h"

#include <cstring>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "mockapi/clocks.h"
#include "mockapi/kernel_stamp.h"
#include "mockapi/server.h"

namespace rowcall::mockapi {
namespace {

constexpr std::size_t kReadBytes = 4 << 10;       // Enough for nearly every request.
constexpr std::size_t kReadBytesMax = 64 << 10;   // For long bodies.
constexpr std::size_t kDrainBytesMax = 64 << 20;  // Read and dropped, so that a refusal is not lost.

std::variant<Socket, TlsStream> stream_over(Socket socket, asio::ssl::context* tls) {
  if (tls == nullptr) return std::variant<Socket, TlsStream>(std::in_place_type<Socket>, std::move(socket));
  return std::variant<Socket, TlsStream>(std::in_place_type<TlsStream>, std::move(socket), *tls);
}

}  // namespace

Connection::Connection(Server& server, Socket socket, asio::ssl::context* tls)
    : server_(server), stream_(stream_over(std::move(socket), tls)), in_(kReadBytes) {
  ++server_.traffic().connections_open;
  ++server_.traffic().connections_opened;
  server_.enter(this);
}

Connection::~Connection() {
  end();
}

Socket& Connection::socket() {
  if (auto* tls = std::get_if<TlsStream>(&stream_)) return tls->next_layer();
  return std::get<Socket>(stream_);
}

void Connection::start() {
  error_code ignored;
  socket().set_option(tcp::no_delay(true), ignored);
  socket().non_blocking(true, ignored);
  auto* tls = std::get_if<TlsStream>(&stream_);
  if (tls == nullptr) return read();
  tls->async_handshake(TlsStream::server, [self = shared_from_this()](const error_code& error) {
    if (self->ended_) return;
    if (error) return self->close();
    self->read();
  });
}

// ---- In ----

void Connection::read() {
  if (reading_ || ended_ || end_of_input_ || slots_.size() >= server_.options().pipeline_max) return;
  reading_ = true;
  make_room();
  asio::mutable_buffer room(in_.data() + in_end_, in_.size() - in_end_);
  auto done = [self = shared_from_this()](const error_code& error, std::size_t bytes) {
    self->on_read(error, bytes);
  };
  if (auto* tls = std::get_if<TlsStream>(&stream_)) {
    tls->async_read_some(room, std::move(done));
  } else if (server_.options().stamp == Stamp::kKernel) {
    socket().async_wait(Socket::wait_read,
                        [self = shared_from_this()](const error_code& error) { self->on_readable(error); });
  } else {
    socket().async_read_some(room, std::move(done));
  }
}

void Connection::make_room() {
  if (in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  // A header must lie in one piece; the reader gives up before this grows beyond its limit.
  if (in_end_ == in_.size()) in_.resize(in_.size() * 2);
}

void Connection::on_readable(const error_code& error) {
  if (error || ended_) return on_read(error, 0);
  StampedRead got = read_stamped(socket().native_handle(), in_.data() + in_end_, in_.size() - in_end_);
  if (got.again) {
    reading_ = false;
    return read();
  }
  if (got.bytes == 0) return on_read(asio::error::eof, 0);
  stamp_ = got.at;
  on_read({}, got.bytes);
}

void Connection::on_read(const error_code& error, std::size_t bytes) {
  reading_ = false;
  if (ended_) return;
  if (error) {
    end_of_input_ = true;
    // A client that has only closed its sending side still gets what it asked for.
    if (error == asio::error::eof && (writing_ || !slots_.empty()) && unanswered_ == 0) return;
    return close();
  }
  // A full buffer means a long body on its way: read it in larger pieces.
  const bool full = in_end_ + bytes == in_.size() && in_.size() < kReadBytesMax;
  in_end_ += bytes;
  parse();
  if (full && in_begin_ == in_end_) in_.resize(kReadBytesMax);
  flush();
  go_on();
}

/// Reads on: first what has been received already and had to wait for answers to leave.
void Connection::go_on() {
  while (!ended_ && paused_ && slots_.size() < server_.options().pipeline_max) {
    parse();
    flush();
  }
  read();
}

void Connection::parse() {
  paused_ = false;
  while (!end_of_input_ && in_begin_ != in_end_) {
    if (slots_.size() >= server_.options().pipeline_max) {
      paused_ = true;
      return;
    }
    if (!reader_) {
      reader_.emplace(call_, server_.options().header_bytes_max, server_.options().body_bytes_max);
    }
    error_code error;
    std::size_t bytes = reader_->read({in_.data() + in_begin_, in_end_ - in_begin_}, error);
    in_begin_ += bytes;
    if (error && error != boost::beast::http::error::need_more) return complain(error);
    if (reader_->done()) {
      reader_.reset();
      take_call(stamp_ ? *stamp_ : steady_now());
    } else if (error || bytes == 0) {
      break;
    }
  }
  if (reader_ && reader_->header_done() && call_.expects_continue && unanswered_ == 0) say_continue();
}

void Connection::take_call(Instant at) {
  Answer answer = server_.take(call_, at);
  if (answer.counted) server_.call_began();
  if (unanswered_ > 0 || answer.way == Answer::Way::kHang) {
    // Behind a call without answer no other can be answered; it still arrived.
    // Reading goes on, if only to notice when the client gives up.
    unanswered_ += answer.counted;
    return;
  }
  if (!call_.keep_alive) end_of_input_ = true;
  const std::uint64_t number = first_slot_ + slots_.size();
  const Instant due = answer.due;
  slots_.push_back({std::move(answer), due <= at});
  if (due > at) server_.due().add(due, shared_from_this(), number);
}

void Connection::say_continue() {
  call_.expects_continue = false;
  Answer interim;
  interim.bytes = "HTTP/1.1 100 Continue\r\n\r\n";
  slots_.push_back({std::move(interim), true});
}

void Connection::complain(const error_code& error) {
  ++server_.traffic().malformed;
  end_of_input_ = broken_input_ = true;
  Answer answer;
  answer.bytes = server_.api().complaint(RequestReader::status_for(error), error.message(), steady_now());
  answer.close = true;
  slots_.push_back({std::move(answer), true});
}

// ---- Out ----

void Connection::answer_due(std::uint64_t call) {
  if (ended_) return;
  slots_[call - first_slot_].ready = true;
  flush();
  go_on();
}

void Connection::flush() {
  while (!ended_ && !writing_ && gather()) write();
}

/// Moves the answers that may go now into `out_`. False if there is nothing to write.
bool Connection::gather() {
  out_.clear();
  written_ = 0;
  while (!close_after_ && !slots_.empty() && slots_.front().ready) {
    Answer& answer = slots_.front().answer;
    if (answer.way == Answer::Way::kReset) {
      // What was answered before it goes out first.
      if (out_.empty()) reset();
      break;
    }
    if (out_.empty()) {
      out_.swap(answer.bytes);
    } else {
      out_ += answer.bytes;
    }
    out_calls_ += answer.counted;
    close_after_ = answer.close;
    slots_.pop_front();
    ++first_slot_;
  }
  return !out_.empty();
}

void Connection::write() {
  auto done = [self = shared_from_this()](const error_code& error, std::size_t bytes) {
    self->on_written(error, bytes);
  };
  asio::const_buffer rest(out_.data() + written_, out_.size() - written_);
  if (auto* tls = std::get_if<TlsStream>(&stream_)) {
    writing_ = true;
    return tls->async_write_some(rest, std::move(done));
  }
  // Nearly always the socket takes all of it at once, without a turn through the loop.
  error_code error;
  written_ += socket().write_some(rest, error);
  if (error && error != asio::error::would_block) return close();
  if (written_ == out_.size()) return after_write();
  writing_ = true;
  socket().async_write_some(asio::const_buffer(out_.data() + written_, out_.size() - written_),
                            std::move(done));
}

void Connection::on_written(const error_code& error, std::size_t bytes) {
  writing_ = false;
  if (ended_) return;
  if (error) return close();
  written_ += bytes;
  if (written_ < out_.size()) return write();
  after_write();
  flush();
  go_on();
}

void Connection::after_write() {
  server_.calls_ended(out_calls_);
  out_calls_ = 0;
  if (close_after_ || (end_of_input_ && slots_.empty() && unanswered_ == 0)) finish();
}

// ---- End ----

/// Closes after the last answer, so that the client reads it whole.
void Connection::finish() {
  if (auto* tls = std::get_if<TlsStream>(&stream_)) {
    if (reading_) return close();
    return tls->async_shutdown([self = shared_from_this()](const error_code&) { self->close(); });
  }
  if (!broken_input_) return close();
  error_code ignored;
  socket().shutdown(Socket::shutdown_send, ignored);
  drain();
}

/// Closing a socket with unread input makes the kernel send a reset, which may overtake the answer.
void Connection::drain() {
  if (ended_ || reading_) return;
  in_begin_ = in_end_ = 0;
  reading_ = true;
  socket().async_read_some(asio::buffer(in_),
                           [self = shared_from_this()](const error_code& error, std::size_t bytes) {
                             self->reading_ = false;
                             self->drained_ += bytes;
                             if (error || self->drained_ > kDrainBytesMax) return self->close();
                             self->drain();
                           });
}

void Connection::reset() {
  error_code ignored;
  socket().set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

void Connection::close() {
  error_code ignored;
  socket().close(ignored);
  end();
}

void Connection::end() {
  if (std::exchange(ended_, true)) return;
  std::int64_t left = out_calls_ + unanswered_;
  for (const Slot& slot : slots_) left += slot.answer.counted;
  slots_.clear();
  server_.calls_ended(left);
  --server_.traffic().connections_open;
  server_.leave(this);
}

}  // namespace rowcall::mockapi
