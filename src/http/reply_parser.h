// SPDX-License-Identifier: Apache-2.0
// Beast's HTTP/1 parser, writing straight into a Reply: headers nobody asks for cost no memory.
//
// Belongs to one line. A parser reads one message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <boost/beast/http/basic_parser.hpp>

#include "rowcall/outcome.h"

namespace rowcall::http {

class ReplyParser final : public boost::beast::http::basic_parser<false> {
 public:
  static constexpr std::uint32_t kHeaderBytesMax = 64 << 10;

  /// `head` is true for the method HEAD, whose replies have no body whatever they say.
  ReplyParser(Reply* reply, std::uint64_t body_bytes_max, bool head);

  /// The value of Content-Encoding, in lower case; empty when there is none.
  const std::string& content_encoding() const { return content_encoding_; }

 private:
  using Field = boost::beast::http::field;
  using ErrorCode = boost::beast::error_code;
  using Text = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, Text, Text, int, ErrorCode&) override {}
  void on_response_impl(int status, Text reason, int version, ErrorCode& error) override;
  void on_field_impl(Field name, Text name_text, Text value, ErrorCode& error) override;
  void on_header_impl(ErrorCode& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& error) override;
  std::size_t on_body_impl(Text body, ErrorCode& error) override;
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, ErrorCode& error) override;
  void on_finish_impl(ErrorCode&) override {}

  Reply* reply_;
  std::string content_encoding_;
  // Nearly every reply has a date, few one that is wanted: it is kept where it costs no allocation.
  std::array<char, 40> date_;
  std::size_t date_size_ = 0;
};

}  // namespace rowcall::http
