// SPDX-License-Identifier: Apache-2.0
// The bytes of answers: JSON for a row, JSON for a refusal, and the HTTP around them.
//
// All of a row's answer follows from the row's text, so the same row gets the same answer in every run, alone
// or in an array:
//
//   {"id":17,"score":0.5488135039273248,"label":"likely","n":-4037200794235010051,
//    "tags":["new","eu"],"detail":{"depth":3,"exact":true}}
//
// `score` has all digits of a double and `n` all 64 bits, on purpose: a client that reads numbers carelessly
// is found out. Functions append to `out`. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "mockapi/behaviour.h"
#include "mockapi/call_rows.h"

namespace rowcall::mockapi {

/// The answer for one row; a row without id gets `"id":null`. `wrong_type`: the score is a text.
void append_item(std::string& out, const CallRow& row, bool wrong_type);

/// The JSON of a whole call carried out, spoiled as `effect` says (kAnswer, kBadJson, kShort, kWrongType).
void append_answer(std::string& out, const CallRows& rows, Effect effect);

/// {"error":...,"reason":...} for a call that was not carried out.
void append_refusal(std::string& out, const Decision& decision);

/// How an answer goes over the wire.
struct Head {
  int status = 200;
  bool keep_alive = true;
  bool http_1_0 = false;         ///< Keeping alive must be said aloud.
  bool without_body = false;     ///< Answers HEAD: the length is told, the body not sent.
  std::string_view retry_after;  ///< Empty: none.
  std::string_view date;         ///< As in RFC 9110, section 5.6.7.
};
void append_response(std::string& out, const Head& head, std::string_view body);

/// "Sun, 06 Nov 1994 08:49:37 GMT", from seconds since 1970.
std::string http_date(std::int64_t unix_seconds);

}  // namespace rowcall::mockapi
