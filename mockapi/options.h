// SPDX-License-Identifier: Apache-2.0
// What the mock API is told: how it behaves, what it audits, where it listens.
//
// Plain data; copy it to any thread. `Behaviour` is the part that may change while the server runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/time.h"

namespace rowcall::mockapi {

/// What an injected error does to a call.
enum class FaultKind {
  kStatus,     ///< Answers with a status and a JSON reason.
  kReset,      ///< Resets the connection without an answer.
  kTimeout,    ///< Never answers; the connection stays open.
  kBadJson,    ///< Answers 200 with JSON that ends too early.
  kShort,      ///< Answers an array with fewer items than the call had rows. Other calls are spared.
  kWrongType,  ///< Answers 200 with a string as `score`.
};

/// One kind of injected error and the share of calls it befalls.
struct Fault {
  FaultKind kind = FaultKind::kStatus;
  int status = 0;    ///< For kStatus.
  double share = 0;  ///< From 0 to 1.
  bool operator==(const Fault&) const = default;
};

/// A time in which the API is down, counted from the first arrival.
struct Outage {
  Duration after{};
  Duration length{};
  bool operator==(const Outage&) const = default;
};

/// One step of a script (script.h): what changes at a time, counted from the first arrival. Which of the
/// fields counts follows from `what`.
struct ScriptStep {
  enum class What {
    kLimit,
    kLatency,
    kJitter,
    kCapacity,
    kQueueMax,
    kErrors,
    kOutage,
    kRetryAfter,
    kLimitStatus
  };
  Duration at{};
  What what = What::kLimit;
  std::optional<RateLimit> limit;  ///< For kLimit and kCapacity; none: no bound.
  Duration time{};
  std::vector<Fault> faults;
  std::string text;
  int number = 0;
};

/// How calls are answered. One value of it holds until it is replaced (MockApi::change).
struct Behaviour {
  std::vector<RateLimit> limits;     ///< A call beyond one of them is refused with 429. Empty: none is.
  int limit_status = 429;            ///< What such a call is refused with.
  std::string retry_after;           ///< Seconds, sent with each of those; empty: no Retry-After.
  Duration latency{};                ///< From a call's arrival to its answer.
  Duration jitter{};                 ///< The latency varies evenly by that much, up and down.
  std::vector<Fault> faults;         ///< Injected errors; the shares add up to at most 1.
  double capacity_per_s = 0;         ///< Calls carried out a second, one after the other; 0: no bound.
  std::int64_t queue_max = 100'000;  ///< Calls waiting for capacity; one more is answered 503 at once.
  std::vector<Outage> outages;       ///< While one lasts, connections are reset and calls not answered.
};

/// Which moment counts as a call's arrival.
enum class Stamp {
  kRead,    ///< When the whole request has been read and parsed (steady clock).
  kKernel,  ///< When the kernel received its last segment (SO_TIMESTAMPING); plain HTTP only.
};

struct MockOptions {
  std::string host = "127.0.0.1";  ///< Address to listen on.
  std::uint16_t port = 0;          ///< 0: a free one.
  Behaviour behaviour;
  std::vector<RateLimit> audit;    ///< Limits to hold arrivals against without refusing any.
  std::uint64_t seed = 1;          ///< For injected errors and jitter.
  std::string token;               ///< Calls must carry "Authorization: Bearer TOKEN"; empty: any call may.
  std::string tls_cert;            ///< Certificate chain, PEM; with `tls_key`: HTTPS.
  std::string tls_key;             ///< Its private key, PEM.
  std::vector<ScriptStep> script;  ///< Changes of the behaviour while the server runs.
  std::string calls_file;          ///< Every call goes here as a line: time, status, wait; empty: nowhere.
  std::string stats_file;          ///< Final statistics go here as JSON; empty: nowhere.
  bool quiet = false;              ///< Print the address and nothing else.
  Stamp stamp = Stamp::kRead;
  std::uint32_t header_bytes_max = 64 << 10;  ///< A longer header is answered 431.
  std::uint64_t body_bytes_max = 16 << 20;    ///< A longer body is answered 413.
  std::size_t pipeline_max = 64;              ///< Calls of one connection read before the first is answered.
  std::size_t connections_max = 20'000;       ///< One more is closed at once.
  std::size_t rows_max = 50'000'000;  ///< Rows remembered (23 to 36 bytes each); more are not told apart.
};

/// Nothing, or the first setting that cannot be, named as its flag.
Result<void> validate(const MockOptions& options);
/// The same for a behaviour alone.
Result<void> validate(const Behaviour& behaviour);

}  // namespace rowcall::mockapi
