// SPDX-License-Identifier: Apache-2.0
// The mock API over TLS, with a certificate made for the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>

#include "mockapi/mock_api.h"
#include "mockapi/test_client.h"

namespace rowcall::mockapi {
namespace {

/// A folder with cert.pem and key.pem, gone with the object.
class SelfSigned {
 public:
  SelfSigned() {
    std::string name = testing::TempDir() + "mockapi-tls-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("mock"),
                               -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* file = std::fopen(cert().c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(this->key().c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~SelfSigned() { std::filesystem::remove_all(folder_); }
  std::string cert() const { return folder_ + "/cert.pem"; }
  std::string key() const { return folder_ + "/key.pem"; }

 private:
  std::string folder_;
};

class TlsTest : public testing::Test {
 protected:
  void start() {
    options_.tls_cert = files_.cert();
    options_.tls_key = files_.key();
    auto started = MockApi::start(options_);
    ASSERT_TRUE(started) << started.error().place << started.error().found;
    api_ = *std::move(started);
  }

  SelfSigned files_;
  MockOptions options_;
  std::unique_ptr<MockApi> api_;
};

TEST_F(TlsTest, AnswersOverHttps) {
  options_.behaviour.latency = 2ms;
  start();
  EXPECT_THAT(api_->url(), testing::StartsWith("https://127.0.0.1:"));
  TestClient client(api_->port(), true);
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(client.post("{\"id\":" + std::to_string(i) + "}").body,
                testing::StartsWith("{\"id\":" + std::to_string(i) + ","));
  }
  std::string long_body = "{\"id\":3,\"text\":\"" + std::string(300'000, 'x') + "\"}";
  EXPECT_EQ(client.post(long_body).status, 200);
  EXPECT_EQ(client.post("{}", "Connection: close\r\n").status, 200);
  EXPECT_TRUE(client.receive().closed) << "with a proper end of the session";
  EXPECT_EQ(api_->stats().traffic.connections_opened, 1);
}

TEST_F(TlsTest, ResetsAndOutlivesPlainClients) {
  options_.behaviour.faults = {{FaultKind::kReset, 0, 1}};
  start();
  EXPECT_EQ(TestClient(api_->port()).post("{}").status, 0);
  TestReply reply = TestClient(api_->port(), true).post("{}");
  EXPECT_EQ(reply.status, 0);
  EXPECT_TRUE(reply.reset);
  EXPECT_EQ(api_->stop().findings.arrivals, 1);
}

TEST_F(TlsTest, AKeyMustFitItsCertificate) {
  SelfSigned other;
  options_.tls_cert = files_.cert();
  options_.tls_key = other.key();
  auto started = MockApi::start(options_);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().place, testing::HasSubstr("--tls-key"));
}

}  // namespace
}  // namespace rowcall::mockapi
