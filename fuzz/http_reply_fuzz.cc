// SPDX-License-Identifier: Apache-2.0
// HTTP answers, in pieces of any size, and packed bodies: hostile servers cost a connection, nothing more.
#include <cstdlib>

#include <boost/asio/buffer.hpp>

#include "fuzz/fuzz.h"
#include "http/inflate.h"
#include "http/reply_parser.h"

namespace {

constexpr std::size_t kBodyMax = 1 << 16;

void parse(std::string_view input, std::size_t piece) {
  rowcall::Reply reply;
  rowcall::http::ReplyParser parser(&reply, kBodyMax, /*head=*/false);
  std::string waiting;
  for (std::size_t at = 0; at < input.size() && !parser.is_done(); at += piece) {
    waiting += input.substr(at, piece);
    boost::beast::error_code error;
    std::size_t used = parser.put(boost::asio::buffer(waiting), error);
    if (error && error != boost::beast::http::error::need_more) return;
    waiting.erase(0, used);
  }
  boost::beast::error_code error;
  if (parser.got_some() && !parser.is_done()) parser.put_eof(error);
}

void play(std::string_view input) {
  for (std::size_t piece : {input.size() + 1, std::size_t{1}, std::size_t{7}}) parse(input, piece);
  auto unpacked = rowcall::http::inflated(input, kBodyMax);
  if (unpacked && unpacked->size() > kBodyMax) std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  return rowcall::fuzz::run({"http_reply",
                             play,
                             {"HTTP/1.1 200 OK\r\n", "HTTP/1.0 503 x\r\n", "Content-Length: 5\r\n",
                              "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: chunked\r\n",
                              "Content-Encoding: gzip\r\n", "Retry-After: 1\r\n",
                              "X-RateLimit-Remaining: 5\r\n", "Connection: close\r\n", "\r\n", "\r\n\r\n",
                              "5\r\nhello\r\n", "0\r\n\r\n", "ffffffffffffffff\r\n", ":", " "}},
                            argc, argv);
}
