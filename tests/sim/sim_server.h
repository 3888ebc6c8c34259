// SPDX-License-Identifier: Apache-2.0
// A simulated API and the network before it, behind the Transport door.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "http/transport.h"
#include "loop/clock.h"
#include "policy/dice.h"

namespace rowcall::sim {

/// How the server is from some time after the first arrival on.
struct Regime {
  Duration from{};
  Duration latency{};
  std::int64_t limit = 0;  ///< 0: none.
  double fail_503 = 0;
};

/// What an API remembers of calls, whoever made them: it outlives the process that calls.
struct SimBook {
  struct Seen {
    int done = 0;                   ///< Times it was carried out: answered with 200, or refused with 400.
    std::vector<std::string> keys;  ///< Each once.
  };
  std::map<std::string, Seen> calls;  ///< By body.
  std::vector<Instant> sent;          ///< When each attempt left its process, in order.
};

/// How a limit is kept.
enum class Limiting {
  kSliding,  ///< So many accepted calls in any second.
  kFixed,    ///< So many in a second of the clock.
  kBucket,   ///< A bucket that fills evenly and holds a twentieth of a second's worth.
};

/// What the server is like. All times are simulated.
struct ServerOptions {
  Duration latency = std::chrono::milliseconds(20);  ///< Of the whole round trip.
  Duration jitter = std::chrono::milliseconds(5);    ///< Uniform, added to it.
  Duration service{};                                ///< Added on the way back.
  Duration dial_time = std::chrono::milliseconds(10);
  int lines_max = 256;
  std::int64_t limit = 0;  ///< Refused beyond that many a second; 0: none.
  Limiting limiting = Limiting::kSliding;
  int limit_status = 429;
  std::string rate_headers;  ///< On every answer.
  double capacity = 0;       ///< Calls worked off a second, one by one; 0: no bound.
  double fail_503 = 0;       ///< Shares of calls.
  double fail_429 = 0;
  double fail_closed = 0;
  double fail_timeout = 0;
  double fail_400 = 0;
  Duration timeout = std::chrono::seconds(5);
  std::string retry_after;  ///< On 429.
  /// The API cannot be reached between these times after the first arrival.
  std::vector<std::pair<Duration, Duration>> outages;
  /// Changes of latency, limit and fail_503, in order of time.
  std::vector<Regime> regimes;
  std::function<bool(const std::string& body)> refuses;  ///< 400 for these, always. May be empty.
  SimBook* book = nullptr;                               ///< May be null.
  int always = 0;                                        ///< This status for everyone; 0: by the rules above.
  /// What changes, and when, from the first arrival on; in order of time.
  std::vector<std::pair<Duration, std::function<void(ServerOptions&)>>> steps;
};

/// One call as the server saw it.
struct Seen {
  Instant at;        ///< Of its arrival.
  int status;        ///< 0: no answer.
  Duration latency;  ///< Until the client had the answer.
};

class SimServer final : public Transport {
 public:
  SimServer(Executor executor, Clock* clock, ServerOptions options, std::uint64_t seed);
  void listen(LineEvents events) { events_ = std::move(events); }

  std::optional<Line> take() override;
  void dial(int wanted) override;
  Async<Reply> send(Line line, const Request& request, OnSent on_sent) override;
  void close() override;
  LineCounts lines() const override { return counts_; }

  // What the server saw.
  std::int64_t arrivals() const { return arrivals_; }
  /// The most arrivals in any second, from a log of all of them.
  std::int64_t worst_second() const;
  /// Rows answered with 200 more than once.
  std::int64_t answered_twice() const;
  int in_flight_most() const { return in_flight_most_; }
  /// Calls that were in flight when the transport was closed.
  int cancelled() const { return cancelled_; }
  const std::vector<Seen>& seen() const { return seen_; }

 private:
  Reply answer(const Request& request);
  void note_done(const Request& request);
  bool out(Instant at) const;
  void follow_regimes(Instant now);
  bool over_limit(Instant now);
  Async<void> pause(Instant until);

  Executor executor_;
  Clock* clock_;
  ServerOptions options_;
  policy::Dice dice_;
  LineEvents events_;
  LineCounts counts_;
  bool closed_ = false;
  std::size_t regimes_begun_ = 0;
  int in_flight_most_ = 0;
  int cancelled_ = 0;
  std::int64_t arrivals_ = 0;
  Instant first_arrival_{};
  std::size_t steps_taken_ = 0;
  std::deque<Instant> accepted_;  // in the last second, or in this one
  double bucket_ = 0;
  Instant bucket_at_{};
  Instant busy_until_{};
  std::vector<Seen> seen_;
  std::map<std::string, int> answered_;
  std::vector<Resume<>> sleepers_;
};

}  // namespace rowcall::sim
