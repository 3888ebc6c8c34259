// SPDX-License-Identifier: Apache-2.0
// What came of one attempt (a value, never an exception), and what finally became of a row.
//
// Plain data; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "rowcall/time.h"

namespace rowcall {

/// The class an attempt's outcome falls into. It decides what happens next.
enum class OutcomeClass : std::uint8_t {
  kSuccess,    ///< The answer's columns are extracted.
  kNoMatch,    ///< An answer that says "nothing found": response columns are null. No failure.
  kThrottled,  ///< Too fast: slow down and try again. Costs no retry budget, never opens the breaker.
  kTransient,  ///< May work next time: retried with full jitter; feeds the breaker.
  kPermanent,  ///< Will not work for this row: the row fails, with its reason.
  kFatal,      ///< Will not work for any row: the run stops, and can go on once mended.
};

/// What happened below HTTP. `kNone`: a complete answer arrived.
enum class TransportError : std::uint8_t {
  kNone,
  kResolve,      ///< The host name does not resolve.
  kConnect,      ///< Refused, unreachable, or no connection in time.
  kTls,          ///< The TLS handshake failed for another reason than the certificate.
  kCertificate,  ///< The server's certificate is not valid for this host.
  kClosed,       ///< The connection ended before a complete answer had arrived.
  kTimeout,      ///< No complete answer within the timeout.
  kTooLarge,     ///< Answer header or body over its limit.
  kProtocol,     ///< The answer is not HTTP.
  kCancelled,    ///< The run was told to stop at once.
};

/// What a row finally became. Each input row ends as exactly one of these.
enum class Ending : std::uint8_t {
  kOk,          ///< Answered; its columns are in the sink.
  kNoMatch,     ///< Answered with "nothing found".
  kFailed,      ///< Permanent failure, or attempts exhausted; in the failure table.
  kUnreadable,  ///< The input line could not be read; in the failure table.
  kSkipped,     ///< A cap or a stop came first; a resumed run takes it up.
};

inline constexpr int kOutcomeClasses = 6;
inline constexpr int kEndings = 5;

const char* name_of(OutcomeClass c);    ///< "success", "no_match", "throttled", ...
const char* name_of(TransportError e);  ///< "none", "resolve", "connect", ...
const char* name_of(Ending e);          ///< "ok", "no_match", "failed", "unreadable", "skipped".

/// The raw result of one attempt on the wire, before anybody judged it.
struct Reply {
  TransportError error = TransportError::kNone;
  int status = 0;            ///< HTTP status; 0 when none arrived.
  std::string body;          ///< Complete when `error` is kNone, at most `body_bytes_max` long.
  std::string detail;        ///< For an error: what the system said, without secrets.
  std::string retry_after;   ///< The header's value as sent, or empty.
  std::string rate_headers;  ///< RateLimit and X-RateLimit headers, one "name: value" a line, or empty.
  std::string date;          ///< The Date header if one of those two came, too; what their dates refer to.
  Instant sent_at{};         ///< When the whole request had been handed to the kernel.
  Instant answering_at{};    ///< When the first bytes of the answer arrived; not set: none did.
  Instant done_at{};         ///< When the answer was complete, or the error known.
  std::uint32_t bytes_out = 0;
  std::uint32_t bytes_in = 0;
  bool on_wire = false;  ///< At least one byte of the request may have left: the call counts as sent.
  bool reused = false;   ///< The connection had carried an earlier call.

  /// Time from the complete write to the complete answer.
  Duration latency() const { return done_at - sent_at; }
};

}  // namespace rowcall
