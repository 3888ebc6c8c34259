// SPDX-License-Identifier: Apache-2.0
// The TLS settings of a job, as an Asio context.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "rowcall/error.h"
#include "rowcall/job.h"

namespace rowcall::http {

/// TLS 1.2 and up, the system's trusted certificates (SSL_CERT_FILE and SSL_CERT_DIR are obeyed, and the
/// usual places of other distributions are looked at), plus `ca_file`, client certificate and key.
/// Fails when one of the files cannot be read or used; the error names the setting.
Result<std::unique_ptr<boost::asio::ssl::context>> make_tls(const RequestSpec& spec);

/// Days until the certificate of the other side ends; negative: it has ended. `ssl` may be null.
std::optional<double> certificate_days(void* ssl);

/// Readies one connection: server name, host name verification, ALPN "http/1.1".
void prepare_tls(void* ssl, const std::string& host, bool verify);

}  // namespace rowcall::http
