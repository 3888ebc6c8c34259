// SPDX-License-Identifier: Apache-2.0
#include "mockapi/request_reader.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

namespace rowcall::mockapi {

namespace http = boost::beast::http;

RequestReader::RequestReader(Call& call, std::uint32_t header_bytes_max, std::uint64_t body_bytes_max)
    : call_(call) {
  call_.method.clear();
  call_.target.clear();
  call_.body.clear();
  call_.idempotency_key.clear();
  call_.authorization.clear();
  call_.json = call_.expects_continue = false;
  header_limit(header_bytes_max);
  body_limit(body_bytes_max);
  eager(true);
}

std::size_t RequestReader::read(asio::const_buffer bytes, error_code& error) {
  return put(bytes, error);
}

int RequestReader::status_for(const error_code& error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit) return 431;
  return 400;
}

void RequestReader::on_request_impl(http::verb, Text method_text, Text target, int version, error_code&) {
  call_.method.assign(method_text.data(), method_text.size());
  call_.target.assign(target.data(), target.size());
  call_.http_1_0 = version < 11;
}

void RequestReader::on_field_impl(http::field name, Text name_text, Text value, error_code&) {
  switch (name) {
    case http::field::authorization: call_.authorization.assign(value.data(), value.size()); break;
    case http::field::content_type: call_.json = value.find("json") != Text::npos; break;
    case http::field::expect: call_.expects_continue = boost::beast::iequals(value, "100-continue"); break;
    case http::field::unknown:
      if (boost::beast::iequals(name_text, "Idempotency-Key")) {
        call_.idempotency_key.assign(value.data(), value.size());
      }
      break;
    default: break;
  }
}

void RequestReader::on_header_impl(error_code&) {
  call_.keep_alive = keep_alive();
}

void RequestReader::on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) {}

std::size_t RequestReader::on_body_impl(Text bytes, error_code&) {
  call_.body.append(bytes.data(), bytes.size());
  return bytes.size();
}

void RequestReader::on_chunk_header_impl(std::uint64_t, Text, error_code&) {}

std::size_t RequestReader::on_chunk_body_impl(std::uint64_t, Text bytes, error_code&) {
  call_.body.append(bytes.data(), bytes.size());
  return bytes.size();
}

void RequestReader::on_finish_impl(error_code&) {}

}  // namespace rowcall::mockapi
