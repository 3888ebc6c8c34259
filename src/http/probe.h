// SPDX-License-Identifier: Apache-2.0
// One request over a connection of its own, measured step by step: for `rowcall health` and webhooks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/outcome.h"
#include "rowcall/request.h"

namespace rowcall::http {

/// What was found.
struct Probe {
  Reply reply;  ///< Its `error` tells what went wrong, if anything.
  Duration resolve{};
  Duration connect{};
  Duration handshake{};                    ///< Zero without TLS.
  Duration answer{};                       ///< From the request's last byte to the answer's last.
  std::string address;                     ///< That was connected to.
  std::string tls_version;                 ///< "TLSv1.3", or empty.
  std::optional<double> certificate_days;  ///< Until the server's certificate ends; negative: it has ended.
  std::string certificate_subject;
};

/// Sends `request` to `endpoint` (a body needs its Content-Length among the header lines), with the timeouts
/// and TLS settings of `spec`. Blocks. Fails only when the TLS settings themselves cannot be used.
Result<Probe> probe(const Endpoint& endpoint, const Request& request, const RequestSpec& spec);

}  // namespace rowcall::http
