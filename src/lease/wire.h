// SPDX-License-Identifier: Apache-2.0
// How the messages of a lease look on a TCP connection.
//
// Each is a frame: its length in four bytes (big-endian, the type included, at most kFrameMax), one byte of
// type, and fields of eight bytes (big-endian) or counted bytes. Order on a connection:
//
//     coordinator  kHello    magic, 32 random bytes
//     worker       kProof    32 random bytes, HMAC-SHA256(secret, "worker", both)
//     coordinator  kWelcome  HMAC-SHA256(secret, "coordinator", both), terms of each limit
//                  or kRefused  why, and the end
//     worker       kReport   any time from then on
//     coordinator  kGrants   any time from then on
//
// So neither side speaks of permits before the other has shown that it knows the secret, and the secret
// never travels. What follows is not signed: the network between the two must not be an enemy's.
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

#include "rowcall/error.h"

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
  std::string code;  ///< HMAC
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
/// Grants for some of the limits, by the same order: `limits[i]` is what `grants[i]` is about.
struct Grants {
  Duration hold{};  ///< Send nothing for that long.
  std::vector<std::uint64_t> limits;
  std::vector<policy::LeaseGrant> grants;
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

/// Each takes the bytes behind the length; nothing when they are not such a message, whole.
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

/// Host and port of "rowcall://HOST:PORT"; HOST may be an IPv6 address in brackets.
struct Address {
  std::string host;
  std::string port;
};
Result<Address> parse_address(std::string_view text);

}  // namespace rowcall::lease
