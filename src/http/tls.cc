// SPDX-License-Identifier: Apache-2.0
#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace rowcall::http {
namespace {

// Where distributions keep their trusted certificates. A wheel built on one runs on another, and the
// path OpenSSL was built with may not exist there.
constexpr std::array kBundles = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                 "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

Error bad_file(const char* setting, const std::string& path, const boost::system::error_code& code) {
  return {ErrorCode::kSetting, setting, "\"" + path + "\" cannot be used: " + code.message(),
          "a readable PEM file", ""};
}

void trust_system(boost::asio::ssl::context& context) {
  boost::system::error_code ignored;
  context.set_default_verify_paths(ignored);
  if (std::getenv("SSL_CERT_FILE") != nullptr || std::getenv("SSL_CERT_DIR") != nullptr) return;
  for (const char* bundle : kBundles) {
    if (::access(bundle, R_OK) == 0) {
      context.load_verify_file(bundle, ignored);
      return;
    }
  }
}

}  // namespace

Result<std::unique_ptr<boost::asio::ssl::context>> make_tls(const RequestSpec& spec) {
  namespace ssl = boost::asio::ssl;
  auto context = std::make_unique<ssl::context>(ssl::context::tls_client);
  SSL_CTX* raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  trust_system(*context);
  boost::system::error_code code;
  if (!spec.ca_file.empty()) {
    context->load_verify_file(spec.ca_file, code);
    if (code) return failure(bad_file("request.ca_file", spec.ca_file, code));
  }
  if (!spec.client_cert.empty()) {
    context->use_certificate_chain_file(spec.client_cert, code);
    if (code) return failure(bad_file("request.client_cert", spec.client_cert, code));
    const std::string& key = spec.client_key.empty() ? spec.client_cert : spec.client_key;
    context->use_private_key_file(key, ssl::context::pem, code);
    if (code) return failure(bad_file("request.client_key", key, code));
  }
  context->set_verify_mode(spec.tls_verify ? ssl::verify_peer : ssl::verify_none, code);
  return context;
}

std::optional<double> certificate_days(void* ssl) {
  if (ssl == nullptr) return std::nullopt;
  X509* certificate = SSL_get0_peer_certificate(static_cast<SSL*>(ssl));
  if (certificate == nullptr) return std::nullopt;
  int days = 0;
  int rest = 0;
  if (ASN1_TIME_diff(&days, &rest, nullptr, X509_get0_notAfter(certificate)) != 1) return std::nullopt;
  return days + rest / 86400.0;
}

void prepare_tls(void* ssl, const std::string& host, bool verify) {
  auto* handle = static_cast<SSL*>(ssl);
  static constexpr unsigned char kAlpn[] = "\x08http/1.1";
  SSL_set_alpn_protos(handle, kAlpn, sizeof kAlpn - 1);
  X509_VERIFY_PARAM* param = SSL_get0_param(handle);
  // An address is checked against the certificate's addresses; a name is also told to the server.
  if (X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1) return;
  ERR_clear_error();
  SSL_set_tlsext_host_name(handle, host.c_str());
  if (verify) SSL_set1_host(handle, host.c_str());
}

}  // namespace rowcall::http
