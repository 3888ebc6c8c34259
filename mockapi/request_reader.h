// SPDX-License-Identifier: Apache-2.0
// Reads one HTTP/1.x request into a Call: Beast's parser, keeping only what a Call holds.
//
// Made anew for each request. Beast's own message type would allocate each header; this allocates nothing
// once the call's texts have grown. Used by one connection, on the loop's thread.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include "mockapi/call.h"
#include "mockapi/net.h"

namespace rowcall::mockapi {

class RequestReader final : private boost::beast::http::basic_parser<true> {
 public:
  /// Empties `call`, which must outlive the reader.
  RequestReader(Call& call, std::uint32_t header_bytes_max, std::uint64_t body_bytes_max);

  /// Reads what it can of `bytes` and returns how much that was. `error` is need_more where a header is not
  /// whole yet: give the rest of `bytes` again, with more behind it. Other errors are final.
  std::size_t read(asio::const_buffer bytes, error_code& error);
  bool done() const { return is_done(); }
  bool header_done() const { return is_header_done(); }

  /// The status that tells a client of a final error.
  static int status_for(const error_code& error);

 private:
  using Text = boost::beast::string_view;
  void on_request_impl(boost::beast::http::verb method, Text method_text, Text target, int version,
                       error_code& error) override;
  void on_field_impl(boost::beast::http::field name, Text name_text, Text value, error_code& error) override;
  void on_header_impl(error_code& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& error) override;
  std::size_t on_body_impl(Text bytes, error_code& error) override;
  void on_chunk_header_impl(std::uint64_t size, Text extensions, error_code& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, Text bytes, error_code& error) override;
  void on_finish_impl(error_code& error) override;
  void on_response_impl(int, Text, int, error_code&) override {}

  Call& call_;
};

}  // namespace rowcall::mockapi
