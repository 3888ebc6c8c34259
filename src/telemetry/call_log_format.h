// SPDX-License-Identifier: Apache-2.0
// The bytes of calls.log; docs/run-directory.md describes them for readers in other languages.
//
// Everything is 24 bytes long and little-endian, so a file cut off anywhere loses one record at most.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rowcall/job.h"
#include "rowcall/outcome.h"

namespace rowcall::telemetry {

inline constexpr std::string_view kCallLogMagic = "rowcall calls 1\n";
inline constexpr std::size_t kCallRecordBytes = 24;

/// One record, decoded. A call, or with `kControl` in `flags` something about the calls that follow.
struct RawCallRecord {
  std::uint64_t first = 0;   ///< A call: ns from the session's start to the send (two's complement).
  std::uint64_t second = 0;  ///< A call: the first row of the call.
  std::uint32_t third = 0;   ///< A call: latency in us, at most 2^32 - 1.
  std::uint16_t fourth = 0;  ///< A call: HTTP status, 0 when none arrived.
  std::uint8_t attempt = 0;  ///< From 1; 255 stands for 255 and more.
  std::uint8_t flags = 0;    ///< Bits 0-2 OutcomeClass, bits 3-6 TransportError, bit 7 kControl.

  bool operator==(const RawCallRecord&) const = default;
};

inline constexpr std::uint8_t kControl = 0x80;

/// Control records: the kind stands in the lower bits of `flags`.
enum class CallControl : std::uint8_t {
  kSession = 1,  ///< first: wall clock, ns since 1970; second: monotonic clock, ns; third: boot.
  kLimit = 2,    ///< A limit of the session: first: calls; second: period in ns; third: its renewal by the
                 ///< calendar (renewal_code); fourth: index; attempt: 1 when every call counts as one.
  kGap = 3,      ///< first: records that could not be written at this place.
  kWeight = 4,   ///< first: what each call from here on counts as, until the next such record; at first 1.
};

/// Bit 31: there is one; bit 0: of the month, else of the day; bits 1-11: minute of the day; bits 12-23:
/// minutes ahead of UTC, and 1440.
constexpr std::uint32_t renewal_code(const std::optional<Renewal>& renewal) {
  if (!renewal) return 0;
  auto minute = static_cast<std::uint32_t>(renewal->minute);
  auto ahead = static_cast<std::uint32_t>(renewal->minutes_of_utc + 1440);
  return 1u << 31 | ahead << 12 | minute << 1 | (renewal->every == Renewal::Every::kMonth ? 1u : 0u);
}
constexpr std::optional<Renewal> renewal_of(std::uint32_t code) {
  if (code == 0) return std::nullopt;
  Renewal renewal;
  renewal.every = code & 1 ? Renewal::Every::kMonth : Renewal::Every::kDay;
  renewal.minute = static_cast<int>(code >> 1 & 0x7ff);
  renewal.minutes_of_utc = static_cast<int>(code >> 12 & 0xfff) - 1440;
  return renewal;
}

constexpr std::uint8_t call_flags(OutcomeClass outcome, TransportError error) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(outcome) | static_cast<unsigned>(error) << 3);
}
constexpr std::uint8_t control_flags(CallControl kind) {
  return static_cast<std::uint8_t>(kControl | static_cast<unsigned>(kind));
}
static_assert(kOutcomeClasses <= 8 && static_cast<int>(TransportError::kCancelled) < 16);

template <class Number>
constexpr void put_little_endian(unsigned char* to, Number value) {
  for (std::size_t i = 0; i < sizeof value; ++i) to[i] = static_cast<unsigned char>(value >> (8 * i));
}
template <class Number>
constexpr Number get_little_endian(const unsigned char* from) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value = static_cast<Number>(value | static_cast<Number>(static_cast<Number>(from[i]) << (8 * i)));
  }
  return value;
}

inline void encode(const RawCallRecord& record, unsigned char* to) {
  put_little_endian(to, record.first);
  put_little_endian(to + 8, record.second);
  put_little_endian(to + 16, record.third);
  put_little_endian(to + 20, record.fourth);
  to[22] = record.attempt;
  to[23] = record.flags;
}
inline RawCallRecord decode(const unsigned char* from) {
  return {get_little_endian<std::uint64_t>(from),
          get_little_endian<std::uint64_t>(from + 8),
          get_little_endian<std::uint32_t>(from + 16),
          get_little_endian<std::uint16_t>(from + 20),
          from[22],
          from[23]};
}

}  // namespace rowcall::telemetry
