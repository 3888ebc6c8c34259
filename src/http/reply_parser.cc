// SPDX-License-Identifier: Apache-2.0
#include "http/reply_parser.h"

#include <algorithm>
#include <string_view>

#include "base/parse.h"

namespace rowcall::http {
namespace {

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

bool is_rate_header(std::string_view name) {
  std::string low = lower(name);
  return low.starts_with("ratelimit") || low.starts_with("x-ratelimit") || low.starts_with("x-rate-limit");
}

}  // namespace

ReplyParser::ReplyParser(Reply* reply, std::uint64_t body_bytes_max, bool head) : reply_(reply) {
  eager(true);
  skip(head);
  header_limit(kHeaderBytesMax);
  body_limit(body_bytes_max);
}

void ReplyParser::on_response_impl(int status, Text, int, ErrorCode& error) {
  error = {};
  reply_->status = status;
}

void ReplyParser::on_field_impl(Field name, Text name_text, Text value, ErrorCode& error) {
  error = {};
  switch (name) {
    case Field::retry_after: reply_->retry_after = view(value); break;
    case Field::date:
      date_size_ = value.size() <= date_.size() ? value.copy(date_.data(), date_.size()) : 0;
      break;
    case Field::content_encoding: content_encoding_ = lower(view(value)); break;
    case Field::unknown:
      // Beast knows no rate headers by name; only names that begin with R or X can be one.
      if (!name_text.empty() && (name_text[0] | 0x20) != 'r' && (name_text[0] | 0x20) != 'x') break;
      if (is_rate_header(view(name_text))) {
        reply_->rate_headers.append(view(name_text)).append(": ").append(view(value)).append("\n");
      }
      break;
    default: break;
  }
}

void ReplyParser::on_header_impl(ErrorCode& error) {
  error = {};
  if (!reply_->retry_after.empty() || !reply_->rate_headers.empty())
    reply_->date.assign(date_.data(), date_size_);
}

void ReplyParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& error) {
  error = {};
  // A length that is a lie must not make us reserve what will never come. The room to spare is what JSON
  // parsers want to be able to read beyond the end.
  constexpr std::size_t kSpare = 64;
  if (length)
    reply_->body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 1 << 20)) + kSpare);
}

std::size_t ReplyParser::on_body_impl(Text body, ErrorCode& error) {
  error = {};
  reply_->body.append(body.data(), body.size());
  return body.size();
}

std::size_t ReplyParser::on_chunk_body_impl(std::uint64_t, Text body, ErrorCode& error) {
  return on_body_impl(body, error);
}

}  // namespace rowcall::http
