// SPDX-License-Identifier: Apache-2.0
#include "lease/wire.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/assert.h"

namespace rowcall::lease {
namespace {

constexpr std::string_view kMagic = "rowcall lease 2";
constexpr std::size_t kLimitsMax = 16;
constexpr std::size_t kCodeBytes = 32;

void append_number(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

void set_length(std::string& frame) {
  std::size_t length = frame.size() - kLengthBytes;
  ROWCALL_ASSERT(length <= kFrameMax, "no message is that long");
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    frame[i] = static_cast<char>(length >> (8 * (kLengthBytes - 1 - i)) & 0xff);
  }
}

// Writer and Reader are called with the same fields in the same order, by one `fields` for each message.
class Writer {
 public:
  explicit Writer(FrameType type) : bytes_(kLengthBytes, '\0') { bytes_ += static_cast<char>(type); }

  void number(const std::uint64_t& value) { append_number(bytes_, value); }
  void count(const std::int64_t& value) { append_number(bytes_, static_cast<std::uint64_t>(value)); }
  void time(const Duration& value) { count(value.count()); }
  void truth(const bool& value) { number(value ? 1 : 0); }
  void text(const std::string& value) {
    number(value.size());
    bytes_ += value;
  }
  void exactly(std::string_view value) { text(std::string(value)); }
  void nonce(const Nonce& value) { bytes_.append(value.begin(), value.end()); }
  template <class Item, class Fields>
  void list(const std::vector<Item>& items, Fields fields_of) {
    number(items.size());
    for (const Item& item : items) fields_of(*this, item);
  }
  std::string done() && {
    set_length(bytes_);
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
      good_ = false;
    }
  }

  void number(std::uint64_t& value) {
    value = 0;
    for (char c : take(8)) value = value << 8 | static_cast<unsigned char>(c);
  }
  // Of permits: never less than none.
  void count(std::int64_t& value) {
    std::uint64_t bits = 0;
    number(bits);
    value = static_cast<std::int64_t>(bits);
    if (value < 0) good_ = false;
  }
  void time(Duration& value) {
    std::uint64_t bits = 0;
    number(bits);
    value = Duration(static_cast<std::int64_t>(bits));
  }
  void truth(bool& value) {
    std::uint64_t bits = 0;
    number(bits);
    value = bits == 1;
    if (bits > 1) good_ = false;
  }
  void text(std::string& value) {
    std::uint64_t size = 0;
    number(size);
    value = take(size);
  }
  void exactly(std::string_view value) {
    std::string found;
    text(found);
    if (found != value) good_ = false;
  }
  void nonce(Nonce& value) { std::ranges::copy(take(value.size()), value.begin()); }
  template <class Item, class Fields>
  void list(std::vector<Item>& items, Fields fields_of) {
    std::uint64_t size = 0;
    number(size);
    if (size > kLimitsMax) good_ = false;
    items.resize(good_ ? size : 0);
    for (Item& item : items) fields_of(*this, item);
  }
  bool whole() const { return good_ && left_.empty(); }

 private:
  std::string_view take(std::uint64_t n) {
    if (!good_ || n > left_.size()) {
      good_ = false;
      return {};
    }
    std::string_view taken = left_.substr(0, n);
    left_.remove_prefix(n);
    return taken;
  }

  std::string_view left_;
  bool good_ = true;
};

// What each message consists of, once for both directions: `message` is const for a Writer.
template <class Message>
struct Layout;

template <>
struct Layout<Hello> {
  static constexpr FrameType kType = FrameType::kHello;
  static void fields(auto& io, auto& message) {
    io.exactly(kMagic);
    io.nonce(message.nonce);
  }
};

template <>
struct Layout<Proof> {
  static constexpr FrameType kType = FrameType::kProof;
  static void fields(auto& io, auto& message) {
    io.nonce(message.nonce);
    io.text(message.code);
  }
};

template <>
struct Layout<Welcome> {
  static constexpr FrameType kType = FrameType::kWelcome;
  static void fields(auto& io, auto& message) {
    io.list(message.terms, [](auto& of, auto& terms) {
      of.count(terms.permits);
      of.time(terms.period);
      of.time(terms.reuse_after);
      of.time(terms.ttl);
      of.time(terms.report_every);
      of.time(terms.margin);
      of.time(terms.path_spread);
    });
  }
};

template <>
struct Layout<Refused> {
  static constexpr FrameType kType = FrameType::kRefused;
  static void fields(auto& io, auto& message) { io.text(message.why); }
};

template <>
struct Layout<Reports> {
  static constexpr FrameType kType = FrameType::kReport;
  static void fields(auto& io, auto& message) {
    io.truth(message.broken);
    io.time(message.asked_to_wait);
    io.list(message.reports, [](auto& of, auto& report) {
      of.number(report.worker);
      of.number(report.incarnation);
      of.number(report.sequence);
      of.number(report.applied.epoch);
      of.number(report.applied.number);
      of.count(report.held);
      of.count(report.used);
      of.truth(report.hungry);
      of.truth(report.leaving);
      if (!report.leaving) return;
      for (auto& cooling : report.cooling) of.count(cooling);
    });
  }
};

template <>
struct Layout<Grants> {
  static constexpr FrameType kType = FrameType::kGrants;
  static void fields(auto& io, auto& message) {
    io.time(message.hold);
    io.list(message.grants, [](auto& of, auto& each) {
      of.number(each.limit);
      of.number(each.grant.worker);
      of.number(each.grant.incarnation);
      of.number(each.grant.version.epoch);
      of.number(each.grant.version.number);
      of.count(each.grant.permits);
      of.number(each.grant.sequence);
      of.time(each.grant.report_every);
    });
  }
};

template <class Message>
std::string written(const Message& message) {
  Writer writer(Layout<Message>::kType);
  Layout<Message>::fields(writer, message);
  return std::move(writer).done();
}

template <class Message>
std::optional<Message> read(std::string_view body) {
  Reader reader(body, Layout<Message>::kType);
  Message message;
  Layout<Message>::fields(reader, message);
  if (!reader.whole()) return std::nullopt;
  return message;
}

std::string hmac(std::string_view key, std::string_view said) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned int length = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(said.data());
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, said.size(), code.data(), &length);
  return {code.begin(), code.begin() + length};
}

}  // namespace

std::string frame(const Hello& message) {
  return written(message);
}
std::string frame(const Proof& message) {
  return written(message);
}
std::string frame(const Welcome& message) {
  return written(message);
}
std::string frame(const Refused& message) {
  return written(message);
}
std::string frame(const Reports& message) {
  return written(message);
}
std::string frame(const Grants& message) {
  return written(message);
}

std::optional<Hello> read_hello(std::string_view body) {
  return read<Hello>(body);
}
std::optional<Proof> read_proof(std::string_view body) {
  return read<Proof>(body);
}
std::optional<Welcome> read_welcome(std::string_view body) {
  return read<Welcome>(body);
}
std::optional<Refused> read_refused(std::string_view body) {
  return read<Refused>(body);
}
std::optional<Reports> read_reports(std::string_view body) {
  return read<Reports>(body);
}
std::optional<Grants> read_grants(std::string_view body) {
  return read<Grants>(body);
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
  return hmac(secret, said);
}

bool same_code(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Seal::Seal(std::string_view secret, std::string_view signer, const Nonce& coordinator, const Nonce& worker)
    : key_(code_of(secret, "frames of the " + std::string(signer), coordinator, worker)) {}

std::string Seal::code(std::string_view body) const {
  std::string said;
  append_number(said, number_);
  said += body;
  return hmac(key_, said);
}

std::string Seal::sign(std::string frame) {
  frame += code(std::string_view(frame).substr(kLengthBytes));
  set_length(frame);
  ++number_;
  return frame;
}

std::optional<std::string_view> Seal::check(std::string_view body) {
  if (body.size() <= kCodeBytes) return std::nullopt;
  std::string_view said = body.substr(0, body.size() - kCodeBytes);
  if (!same_code(body.substr(said.size()), code(said))) return std::nullopt;
  ++number_;
  return said;
}

}  // namespace rowcall::lease
