// SPDX-License-Identifier: Apache-2.0
// What happens to this call now: refused, failed on purpose, or carried out, and when its answer is due.
//
// The order of the questions is that of a real API behind its gateway: is it up, is the caller known, is he
// within his limits, is there room in the queue; those are answered at once. Then the call is carried out
// and takes its time: does its body make sense, and does anything break.
//
// Injected errors and jitter are drawn by hash from the seed, the row and how often the row came before.
// So they do not depend on the order of arrival, the same run fails the same rows, and a retry draws anew.
//
// Pure state, time is an argument; any one thread.
#pragma once

#include <optional>
#include <vector>

#include "mockapi/auditor.h"
#include "mockapi/options.h"

namespace rowcall::mockapi {

/// What is known of a call before it is decided upon.
struct CallFacts {
  std::uint64_t identity = 0;  ///< The row's hash; of an array: the call's.
  std::uint32_t earlier = 0;   ///< Times the same call came before.
  bool authorized = true;
  bool readable = true;  ///< The body is what its content type says.
  bool refuse = false;   ///< The row asks to be refused for good ("refuse": true).
  bool several = false;  ///< An array of rows that can be answered with fewer items.
};

enum class Effect {
  kAnswer,     ///< A proper answer of status 200.
  kStatus,     ///< An answer that says why not.
  kReset,      ///< The connection is reset.
  kHang,       ///< Nothing, ever.
  kBadJson,    ///< Status 200, JSON cut short.
  kShort,      ///< Status 200, items missing.
  kWrongType,  ///< Status 200, a text as score.
};

/// Why a call is not answered properly.
enum class Reason {
  kNone,
  kOutage,
  kUnauthorized,
  kOverLimit,
  kOverCapacity,
  kUnreadable,
  kRefused,
  kInjected
};

struct Decision {
  Effect effect = Effect::kAnswer;
  Reason reason = Reason::kNone;
  int status = 200;               ///< For kReset and kHang: 0.
  int fault = -1;                 ///< For kInjected: index into Behaviour::faults.
  Duration wait{};                ///< From arrival to answer.
  std::optional<RateLimit> over;  ///< For kOverLimit: the limit that was reached.
};

class Judge {
 public:
  Judge(Behaviour behaviour, std::uint64_t seed);

  /// Decides, and takes the call into account for those after it. Times that go back count as the latest.
  Decision decide(const CallFacts& call, Instant at);
  /// Another behaviour from now on. Windows of the same length go on counting, as do outages.
  void change(Behaviour behaviour);

  /// Down at that moment? Never before the first call.
  bool down(Instant now) const;
  /// The next moment from `now` on when an outage begins.
  std::optional<Instant> next_outage(Instant now) const;
  const Behaviour& behaviour() const { return behaviour_; }

 private:
  std::optional<RateLimit> reached_limit(Instant at);
  int drawn_fault(const CallFacts& call) const;
  Duration latency_of(const CallFacts& call) const;

  Behaviour behaviour_;
  std::uint64_t seed_;
  std::vector<SlidingWindow> accepted_;  ///< One for each limit, of the calls it let through.
  std::optional<Instant> first_;
  Instant latest_ = Instant::min();
  Instant busy_until_ = Instant::min();  ///< When the calls queued for capacity will be done.
};

}  // namespace rowcall::mockapi
