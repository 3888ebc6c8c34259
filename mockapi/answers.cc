// SPDX-License-Identifier: Apache-2.0
#include "mockapi/answers.h"

#include <array>
#include <charconv>
#include <ctime>

#include <boost/beast/http/status.hpp>

#include "mockapi/digest.h"
#include "mockapi/notation.h"

namespace rowcall::mockapi {
namespace {

constexpr std::array<std::string_view, 5> kLabels = {"certain", "likely", "open", "doubtful", "unlikely"};
constexpr std::array<std::string_view, 6> kTags = {"new", "eu", "café", "bulk", "seen", "vip"};

template <class Number>
void append_number(std::string& out, Number number) {
  char buffer[40];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number);
  out.append(buffer, end);
}

/// Every tag stands in the list or does not, by one bit each.
void append_tags(std::string& out, std::uint64_t bits) {
  out += '[';
  bool first = true;
  for (std::string_view tag : kTags) {
    bool stands = (bits & 3) == 0;
    bits >>= 2;
    if (!stands) continue;
    out += first ? "\"" : ",\"";
    out += tag;
    out += '"';
    first = false;
  }
  out += ']';
}

}  // namespace

void append_item(std::string& out, const CallRow& row, bool wrong_type) {
  const std::uint64_t content = digest(row.text);
  const std::uint64_t more = stirred(content + 1);
  out += "{\"id\":";
  out += row.id.empty() ? std::string_view("null") : row.id;
  out += ",\"score\":";
  if (wrong_type) {
    out += "\"not a number\"";
  } else {
    append_number(out, share_of(content));
  }
  out += ",\"label\":\"";
  out += kLabels[more % kLabels.size()];
  out += "\",\"n\":";
  append_number(out, static_cast<std::int64_t>(stirred(content + 2)));
  out += ",\"tags\":";
  append_tags(out, more >> 16);
  out += ",\"detail\":{\"depth\":";
  append_number(out, more >> 32 & 7);
  out += (more >> 40 & 1) != 0 ? ",\"exact\":true}}" : ",\"exact\":false}}";
}

void append_answer(std::string& out, const CallRows& rows, Effect effect) {
  const std::size_t begin = out.size();
  const bool wrong_type = effect == Effect::kWrongType;
  if (rows.kind != CallRows::Kind::kArray) {
    append_item(out, rows.rows.front(), wrong_type);
  } else {
    std::size_t items = rows.rows.size();
    if (effect == Effect::kShort && items > 0) items -= (items + 3) / 4;
    out += '[';
    for (std::size_t i = 0; i < items; ++i) {
      if (i > 0) out += ',';
      append_item(out, rows.rows[i], wrong_type);
    }
    out += ']';
  }
  if (effect == Effect::kBadJson) out.resize(begin + (out.size() - begin) / 2);
}

void append_refusal(std::string& out, const Decision& decision) {
  auto say = [&](std::string_view error, std::string_view reason) {
    out.append("{\"error\":\"").append(error).append("\",\"reason\":\"").append(reason).append("\"}");
  };
  switch (decision.reason) {
    case Reason::kUnauthorized: return say("unauthorized", "the Authorization header is missing or wrong");
    case Reason::kOverLimit: return say("rate_limited", "more than " + words_of(*decision.over));
    case Reason::kOverCapacity: return say("overloaded", "the queue is full");
    case Reason::kUnreadable:
      return say("bad_request", "the body is not valid JSON, as its content type says");
    case Reason::kRefused: return say("unprocessable", "the row asks to be refused");
    case Reason::kInjected: return say("injected", "an error on purpose");
    case Reason::kNone:
    case Reason::kOutage: return say("internal", "there is no reason");
  }
}

void append_response(std::string& out, const Head& head, std::string_view body) {
  if (head.status == 200) {
    out += "HTTP/1.1 200 OK\r\nServer: rowcall-mock-api\r\nDate: ";
  } else {
    out += "HTTP/1.1 ";
    append_number(out, head.status);
    out += ' ';
    out += boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(head.status));
    out += "\r\nServer: rowcall-mock-api\r\nDate: ";
  }
  out += head.date;
  if (!head.retry_after.empty()) {
    out += "\r\nRetry-After: ";
    out += head.retry_after;
  }
  if (!head.keep_alive) {
    out += "\r\nConnection: close";
  } else if (head.http_1_0) {
    out += "\r\nConnection: keep-alive";
  }
  const bool bodiless = head.status == 204 || head.status == 304;
  if (bodiless) {
    out += "\r\n\r\n";
    return;
  }
  out += "\r\nContent-Type: application/json\r\nContent-Length: ";
  append_number(out, body.size());
  out += "\r\n\r\n";
  if (!head.without_body) out += body;
}

std::string http_date(std::int64_t unix_seconds) {
  std::time_t time = unix_seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char buffer[64];
  return {buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

}  // namespace rowcall::mockapi
