// SPDX-License-Identifier: Apache-2.0
// One call as it travels from the mapping to the wire.
//
// Plain data. `Endpoint::fixed_headers` and `Request` may hold secrets: neither is ever printed; what a
// user may see of them is made by src/mapping/shown.h.
#pragma once

#include <cstdint>
#include <string>

namespace rowcall {

/// What all calls of a job have in common.
struct Endpoint {
  bool tls = false;
  std::string host;           ///< A name or an address; an IPv6 address without brackets.
  std::string port;           ///< In digits.
  std::string method;         ///< "POST"
  std::string fixed_headers;  ///< Header lines, each with its CRLF: Host, authorization, content type, ...
};

/// One call, rendered from its rows.
struct Request {
  std::string target;        ///< Path and query, percent-encoded.
  std::string header_lines;  ///< Header lines of this call alone, each with its CRLF.
  std::string body;
  std::int64_t weight = 1;  ///< What it counts as against the limits.
  std::string method;       ///< Empty: the endpoint's.

  /// Bytes held, for the memory limit.
  std::size_t bytes() const { return target.capacity() + header_lines.capacity() + body.capacity(); }
};

}  // namespace rowcall
