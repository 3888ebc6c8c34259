// SPDX-License-Identifier: Apache-2.0
// How the messages of a lease look on a TCP connection.
//
// Each is a frame: its length in four bytes (big-endian, the type included, at most kFrameMax), one byte of
// type, and fields of eight bytes (big-endian) or counted bytes. Order on a connection:
//
//     coordinator  kHello    magic, 32 random bytes
//     worker       kProof    32 random bytes, HMAC-SHA256(secret, "worker", both)
//     coordinator  kWelcome  terms of each limit; signed
//                  or kRefused  why, and the end
//     worker       kReport   any time from then on; signed
//     coordinator  kGrants   any time from then on; signed
//
// So neither side speaks of permits before the other has shown that it knows the secret, and the secret
// never travels. A signed frame has its code behind its fields (`Seal`): nobody between the two can change,
// repeat, leave out or add one. What they say can be read, though; it is not secret.
//
// Pure functions; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/lease_messages.h"

namespace rowcall::lease {

inline constexpr std::size_t kFrameMax = 1 << 16;
inline constexpr std::size_t kLengthBytes = 4;

enum class FrameType : std::uint8_t { kHello = 1, kProof, kWelcome, kRefused, kReport, kGrants };

using Nonce = std::array<unsigned char, 32>;

struct Hello {
  Nonce nonce{};
};
struct Proof {
  Nonce nonce{};
  std::string code;  ///< HMAC
};
struct Welcome {
  std::vector<policy::LeaseTerms> terms;
};
struct Refused {
  std::string why;
};
/// A report for each limit, and how the API looks from here.
struct Reports {
  bool broken = false;       ///< The breaker is not closed.
  Duration asked_to_wait{};  ///< What is left of a Retry-After for everyone.
  std::vector<policy::LeaseReport> reports;
};
/// A grant, and which limit it is about: its place in the order of both sides.
struct LimitGrant {
  std::uint64_t limit = 0;
  policy::LeaseGrant grant;
};
struct Grants {
  Duration hold{};  ///< Send nothing for that long.
  std::vector<LimitGrant> grants;
};

std::string frame(const Hello& message);
std::string frame(const Proof& message);
std::string frame(const Welcome& message);
std::string frame(const Refused& message);
std::string frame(const Reports& message);
std::string frame(const Grants& message);

/// The length a frame's first four bytes announce (type and fields); nothing when no frame is that long.
std::optional<std::size_t> frame_length(std::string_view first_bytes);
/// The type of a frame's bytes behind the length.
std::optional<FrameType> type_of(std::string_view body);

/// Each takes the bytes behind the length, without a code; nothing when they are not such a message, whole.
std::optional<Hello> read_hello(std::string_view body);
std::optional<Proof> read_proof(std::string_view body);
std::optional<Welcome> read_welcome(std::string_view body);
std::optional<Refused> read_refused(std::string_view body);
std::optional<Reports> read_reports(std::string_view body);
std::optional<Grants> read_grants(std::string_view body);

Nonce draw_nonce();
/// The code that shows who knows the secret. `who` is "worker" or "coordinator".
std::string code_of(std::string_view secret, std::string_view who, const Nonce& coordinator,
                    const Nonce& worker);
/// Compares in the same time whatever differs.
bool same_code(std::string_view a, std::string_view b);

/// The frames that one side of a connection signs, at both its ends: HMAC-SHA256 under a key of this
/// connection and side, over a frame's number and its bytes.
class Seal {
 public:
  /// `signer` is "worker" or "coordinator".
  Seal(std::string_view secret, std::string_view signer, const Nonce& coordinator, const Nonce& worker);

  /// The frame with its code. To be sent in the order in which they were signed.
  std::string sign(std::string frame);
  /// The bytes behind the length without the code; nothing unless this is the signer's next frame.
  std::optional<std::string_view> check(std::string_view body);

 private:
  std::string code(std::string_view body) const;

  std::string key_;
  std::uint64_t number_ = 0;
};

}  // namespace rowcall::lease
