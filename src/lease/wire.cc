// SPDX-License-Identifier: Apache-2.0
#include "lease/wire.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/assert.h"

namespace rowcall::lease {
namespace {

constexpr std::string_view kMagic = "rowcall lease 1";
constexpr std::size_t kLimitsMax = 16;

class Writer {
 public:
  explicit Writer(FrameType type) : bytes_(kLengthBytes, '\0') { bytes_ += static_cast<char>(type); }
  void number(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes_ += static_cast<char>(value >> shift & 0xff);
  }
  void number(std::int64_t value) { number(static_cast<std::uint64_t>(value)); }
  void time(Duration value) { number(static_cast<std::int64_t>(value.count())); }
  void text(std::string_view value) {
    number(static_cast<std::uint64_t>(value.size()));
    bytes_ += value;
  }
  void nonce(const Nonce& nonce) { bytes_.append(nonce.begin(), nonce.end()); }
  std::string done() && {
    std::size_t length = bytes_.size() - kLengthBytes;
    ROWCALL_ASSERT(length <= kFrameMax, "no message is that long");
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      bytes_[i] = static_cast<char>(length >> (8 * (kLengthBytes - 1 - i)) & 0xff);
    }
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

// Reads on after the first fault, giving zeros: whoever is done asks `whole`.
class Reader {
 public:
  Reader(std::string_view body, FrameType type) : left_(body) {
    if (type_of(body) == type) {
      left_.remove_prefix(1);
    } else {
      fail();
    }
  }
  std::uint64_t number() {
    std::string_view bytes = take(8);
    std::uint64_t value = 0;
    for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::int64_t count() { return static_cast<std::int64_t>(number()); }
  Duration time() { return Duration(count()); }
  std::string_view text() { return take(number()); }
  Nonce nonce() {
    Nonce nonce{};
    std::string_view bytes = take(nonce.size());
    std::ranges::copy(bytes, nonce.begin());
    return nonce;
  }
  /// How many items follow.
  std::size_t items() {
    std::uint64_t n = number();
    if (n <= kLimitsMax) return n;
    fail();
    return 0;
  }
  void fail() { good_ = false; }
  bool whole() const { return good_ && left_.empty(); }

 private:
  std::string_view take(std::uint64_t n) {
    if (!good_ || n > left_.size()) {
      fail();
      return {};
    }
    std::string_view taken = left_.substr(0, n);
    left_.remove_prefix(n);
    return taken;
  }

  std::string_view left_;
  bool good_ = true;
};

template <class Message>
std::optional<Message> if_whole(const Reader& reader, Message message) {
  if (!reader.whole()) return std::nullopt;
  return message;
}

}  // namespace

std::string frame(const Hello& message) {
  Writer writer(FrameType::kHello);
  writer.text(kMagic);
  writer.nonce(message.nonce);
  return std::move(writer).done();
}

std::optional<Hello> read_hello(std::string_view body) {
  Reader reader(body, FrameType::kHello);
  if (reader.text() != kMagic) reader.fail();
  Hello message{reader.nonce()};
  return if_whole(reader, message);
}

std::string frame(const Proof& message) {
  Writer writer(FrameType::kProof);
  writer.nonce(message.nonce);
  writer.text(message.code);
  return std::move(writer).done();
}

std::optional<Proof> read_proof(std::string_view body) {
  Reader reader(body, FrameType::kProof);
  Proof message;
  message.nonce = reader.nonce();
  message.code = reader.text();
  return if_whole(reader, message);
}

std::string frame(const Welcome& message) {
  Writer writer(FrameType::kWelcome);
  writer.text(message.code);
  writer.number(static_cast<std::uint64_t>(message.terms.size()));
  for (const policy::LeaseTerms& terms : message.terms) {
    writer.number(terms.permits);
    writer.time(terms.period);
    writer.time(terms.reuse_after);
    writer.time(terms.ttl);
    writer.time(terms.report_every);
    writer.time(terms.margin);
    writer.time(terms.path_spread);
  }
  return std::move(writer).done();
}

std::optional<Welcome> read_welcome(std::string_view body) {
  Reader reader(body, FrameType::kWelcome);
  Welcome message;
  message.code = reader.text();
  message.terms.resize(reader.items());
  for (policy::LeaseTerms& terms : message.terms) {
    terms.permits = reader.count();
    terms.period = reader.time();
    terms.reuse_after = reader.time();
    terms.ttl = reader.time();
    terms.report_every = reader.time();
    terms.margin = reader.time();
    terms.path_spread = reader.time();
  }
  return if_whole(reader, std::move(message));
}

std::string frame(const Refused& message) {
  Writer writer(FrameType::kRefused);
  writer.text(message.why);
  return std::move(writer).done();
}

std::optional<Refused> read_refused(std::string_view body) {
  Reader reader(body, FrameType::kRefused);
  Refused message;
  message.why = reader.text();
  return if_whole(reader, std::move(message));
}

std::string frame(const Reports& message) {
  Writer writer(FrameType::kReport);
  writer.number(std::uint64_t{message.broken});
  writer.time(message.asked_to_wait);
  writer.number(static_cast<std::uint64_t>(message.reports.size()));
  for (const policy::LeaseReport& report : message.reports) {
    writer.number(report.worker);
    writer.number(report.incarnation);
    writer.number(report.sequence);
    writer.number(report.applied.epoch);
    writer.number(report.applied.number);
    writer.number(report.held);
    writer.number(report.used);
    writer.number(std::uint64_t{report.hungry} | std::uint64_t{report.leaving} << 1);
    if (!report.leaving) continue;
    for (std::int64_t cooling : report.cooling) writer.number(cooling);
  }
  return std::move(writer).done();
}

std::optional<Reports> read_reports(std::string_view body) {
  Reader reader(body, FrameType::kReport);
  Reports message;
  message.broken = reader.number() == 1;
  message.asked_to_wait = reader.time();
  message.reports.resize(reader.items());
  for (policy::LeaseReport& report : message.reports) {
    report.worker = reader.number();
    report.incarnation = reader.number();
    report.sequence = reader.number();
    report.applied.epoch = reader.number();
    report.applied.number = reader.number();
    report.held = reader.count();
    report.used = reader.count();
    std::uint64_t flags = reader.number();
    report.hungry = (flags & 1) != 0;
    report.leaving = (flags & 2) != 0;
    if (report.held < 0 || report.used < 0 || flags > 3) reader.fail();
    if (!report.leaving) continue;
    for (std::int64_t& cooling : report.cooling) cooling = reader.count();
  }
  return if_whole(reader, std::move(message));
}

std::string frame(const Grants& message) {
  Writer writer(FrameType::kGrants);
  writer.time(message.hold);
  writer.number(static_cast<std::uint64_t>(message.grants.size()));
  for (std::size_t i = 0; i < message.grants.size(); ++i) {
    const policy::LeaseGrant& grant = message.grants[i];
    writer.number(message.limits[i]);
    writer.number(grant.worker);
    writer.number(grant.incarnation);
    writer.number(grant.version.epoch);
    writer.number(grant.version.number);
    writer.number(grant.permits);
    writer.number(grant.sequence);
    writer.time(grant.report_every);
  }
  return std::move(writer).done();
}

std::optional<Grants> read_grants(std::string_view body) {
  Reader reader(body, FrameType::kGrants);
  Grants message;
  message.hold = reader.time();
  message.grants.resize(reader.items());
  for (policy::LeaseGrant& grant : message.grants) {
    message.limits.push_back(reader.number());
    grant.worker = reader.number();
    grant.incarnation = reader.number();
    grant.version.epoch = reader.number();
    grant.version.number = reader.number();
    grant.permits = reader.count();
    grant.sequence = reader.number();
    grant.report_every = reader.time();
    if (grant.permits < 0) reader.fail();
  }
  return if_whole(reader, std::move(message));
}

std::optional<std::size_t> frame_length(std::string_view first_bytes) {
  if (first_bytes.size() < kLengthBytes) return std::nullopt;
  std::size_t length = 0;
  for (char c : first_bytes.substr(0, kLengthBytes)) length = length << 8 | static_cast<unsigned char>(c);
  if (length == 0 || length > kFrameMax) return std::nullopt;
  return length;
}

std::optional<FrameType> type_of(std::string_view body) {
  if (body.empty() || body[0] < 1 || body[0] > static_cast<char>(FrameType::kGrants)) return std::nullopt;
  return static_cast<FrameType>(body[0]);
}

Nonce draw_nonce() {
  Nonce nonce{};
  ROWCALL_ASSERT(RAND_bytes(nonce.data(), static_cast<int>(nonce.size())) == 1, "OpenSSL has no randomness");
  return nonce;
}

std::string code_of(std::string_view secret, std::string_view who, const Nonce& coordinator,
                    const Nonce& worker) {
  std::string said(who);
  said.append(coordinator.begin(), coordinator.end());
  said.append(worker.begin(), worker.end());
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned int length = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(said.data());
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes, said.size(), code.data(),
       &length);
  return {code.begin(), code.begin() + length};
}

bool same_code(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<Address> parse_address(std::string_view text) {
  constexpr std::string_view kScheme = "rowcall://";
  Error wrong{ErrorCode::kSetting, "the coordinator", "\"" + std::string(text) + "\"", "rowcall://HOST:PORT",
              "The coordinator tells its address when it starts."};
  if (!text.starts_with(kScheme)) return failure(wrong);
  text.remove_prefix(kScheme.size());
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return failure(wrong);
  Address address{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
  bool digits = !address.port.empty() && address.port.size() <= 5 &&
                std::ranges::all_of(address.port, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || std::stoi(address.port) > 65535) return failure(wrong);
  if (address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  return address;
}

}  // namespace rowcall::lease
