// SPDX-License-Identifier: Apache-2.0
// An API in trouble, simulated: whole runs from a thousand seeds, with what must hold in each of them, and
// the scenarios of docs/rate-control.md with what is expected of each.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "policy/dice.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim_run.h"

namespace rowcall::sim {
namespace {

using namespace std::chrono_literals;

// ---- A thousand seeds ----

struct Trouble {
  const char* name;
  void (*make)(ServerOptions&, policy::Dice&);
  bool may_fail_rows = false;  // attempts may be used up
};

std::int64_t between(policy::Dice& dice, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(dice.share() * static_cast<double>(most - least + 1));
}

Duration seconds_between(policy::Dice& dice, double least, double most) {
  return from_seconds(least + dice.share() * (most - least));
}

void cut_limit(ServerOptions& server, policy::Dice& dice) {
  std::int64_t low = between(dice, 20, 95);
  Duration from = seconds_between(dice, 1, 8);
  server.limiting = static_cast<Limiting>(between(dice, 0, 2));
  server.limit_status = dice.share() < 0.25 ? 503 : 429;
  if (dice.share() < 0.3) server.retry_after = "1";
  server.limit = server.limiting == Limiting::kBucket ? 0 : 100;
  server.steps = {{from, [low](ServerOptions& s) { s.limit = low; }},
                  {from + seconds_between(dice, 2, 20), [](ServerOptions& s) { s.limit = 0; }}};
}

void flap_limit(ServerOptions& server, policy::Dice& dice) {
  Duration every = seconds_between(dice, 1, 8);
  std::int64_t low = between(dice, 20, 50);
  for (int i = 0; i < 20; ++i) {
    std::int64_t limit = i % 2 == 0 ? low : 95;
    server.steps.emplace_back(every * (i + 1), [limit](ServerOptions& s) { s.limit = limit; });
  }
}

void slow_down(ServerOptions& server, policy::Dice& dice) {
  Duration service = seconds_between(dice, 0.05, 1);
  Duration from = seconds_between(dice, 1, 8);
  server.steps = {{from, [service](ServerOptions& s) { s.service = service; }},
                  {from + seconds_between(dice, 2, 20), [](ServerOptions& s) { s.service = {}; }}};
}

void queue_up(ServerOptions& server, policy::Dice& dice) {
  double capacity = 20 + 75 * dice.share();
  Duration from = seconds_between(dice, 1, 8);
  server.steps = {{from, [capacity](ServerOptions& s) { s.capacity = capacity; }},
                  {from + seconds_between(dice, 2, 20), [](ServerOptions& s) { s.capacity = 0; }}};
}

void fail_some(ServerOptions& server, policy::Dice& dice) {
  server.fail_503 = 0.3 * dice.share();
  server.fail_closed = 0.1 * dice.share();
  server.fail_429 = 0.05 * dice.share();
  server.fail_timeout = 0.01 * dice.share();
}

void go_out(ServerOptions& server, policy::Dice& dice) {
  Duration from = seconds_between(dice, 1, 8);
  server.outages = {{from, from + seconds_between(dice, 0.5, 60)}};
}

void blip(ServerOptions& server, policy::Dice& dice) {
  Duration every = seconds_between(dice, 1, 5);
  for (int i = 1; i <= 10; ++i) server.outages.emplace_back(every * i, every * i + 200ms);
}

void brown_out(ServerOptions& server, policy::Dice& dice) {
  double share = 0.3 + 0.5 * dice.share();
  server.steps = {{3s,
                   [share](ServerOptions& s) {
                     s.fail_503 = share;
                     s.service = 200ms;
                   }},
                  {3s + seconds_between(dice, 2, 15), [](ServerOptions& s) {
                     s.fail_503 = 0;
                     s.service = {};
                   }}};
}

constexpr Trouble kTroubles[] = {
    {"limit cut", cut_limit}, {"limit flaps", flap_limit},    {"slower", slow_down},
    {"queueing", queue_up},   {"some fail", fail_some, true}, {"outage", go_out},
    {"blips", blip},          {"brown-out", brown_out, true},
};

// Calls in any second, as the server saw them, after everything that kept them apart.
void expect_invariants(const Trouble& trouble, const Scenario& scenario, const Outcome& outcome) {
  const Counts& counts = outcome.report.counts;
  std::string where = std::string(trouble.name) + ", seed " + std::to_string(scenario.seed);
  ASSERT_FALSE(outcome.hung) << where;
  EXPECT_EQ(outcome.report.end, RunEnd::kComplete) << where << ": " << outcome.report.error.text();
  // The limiter: never over the limit, neither where calls leave nor where they arrive.
  for (const WorstWindow& worst : outcome.report.worst) EXPECT_LE(worst.calls, worst.limit) << where;
  EXPECT_LE(outcome.worst_second, scenario.job.limits.rate[0].calls) << where;
  // Every row once.
  EXPECT_EQ(counts.ended(), scenario.source.rows) << where;
  EXPECT_EQ(outcome.answered_twice, 0) << where;
  // The breaker and the adaptive control hold and slow down; they fail no row.
  if (!trouble.may_fail_rows) {
    EXPECT_EQ(counts[Ending::kFailed], 0) << where;
  }
  // The breaker: those that met an outage, and at most ten probes each time it was open.
  for (const auto& [from, to] : scenario.server.outages) {
    Instant first = outcome.seen.front().at;
    auto met = std::ranges::count_if(
        outcome.seen, [&](const Seen& s) { return s.at - first >= from && s.at - first < to; });
    EXPECT_LE(static_cast<double>(met), 80 + 10 * seconds(to - from) / 0.45) << where;
  }
}

TEST(Trouble, AThousandSeeds) {
  for (std::uint64_t seed = 1; seed <= seeds(1000); ++seed) {
    policy::Dice dice(seed * 7919);
    const Trouble& trouble = kTroubles[seed % std::size(kTroubles)];
    Scenario scenario;
    scenario.seed = seed;
    scenario.source.rows = 1500;
    scenario.job.limits.rate = {{100, 1s}};
    scenario.job.run.order = seed % 3 == 0 ? Order::kAny : Order::kInput;
    trouble.make(scenario.server, dice);
    Outcome outcome = play(scenario);
    expect_invariants(trouble, scenario, outcome);
    if (testing::Test::HasFailure()) return;
  }
}

// Calls that were made during an outage: those that met its begin, and the probes.
TEST(Trouble, AnOutageCostsTheCallsThatMetItAndAFewProbes) {
  for (std::uint64_t seed = 1; seed <= seeds(50); ++seed) {
    Scenario scenario;
    scenario.seed = seed;
    scenario.source.rows = 4000;
    scenario.server.outages = {{2s, 22s}};
    Outcome outcome = play(scenario);
    ASSERT_FALSE(outcome.hung) << seed;
    EXPECT_EQ(outcome.report.counts[Ending::kFailed], 0) << seed;
    EXPECT_LT(outcome.arrivals - 4000, 300) << seed;
    // 4 s of work, 20 s of outage; at most 3.3 s to the next probe, and a second to full pace.
    EXPECT_LT(seconds(outcome.report.duration), 4 + 20 + 5) << seed;
  }
}

// An API at which everything fails, and nothing that would hold the run: only their budget keeps retries
// back.
TEST(Trouble, RetriesCannotStorm) {
  for (std::uint64_t seed = 1; seed <= seeds(20); ++seed) {
    Scenario scenario;
    scenario.seed = seed;
    scenario.source.rows = 100'000;
    scenario.job.limits.rate = {{100, 1s}};
    scenario.job.breaker.enabled = false;
    scenario.job.limits.adaptive = seed % 2 == 0;
    scenario.server.always = 503;
    scenario.stop_after = 60s;
    Outcome outcome = play(scenario);
    ASSERT_FALSE(outcome.hung) << seed;
    std::ranges::sort(outcome.retries_at);
    // In any ten seconds what the budget has in twenty: a trickle, and a tenth of first attempts.
    std::size_t most = 0;
    for (std::size_t from = 0, to = 0; to < outcome.retries_at.size(); ++to) {
      while (outcome.retries_at[from] + 10s <= outcome.retries_at[to]) ++from;
      most = std::max(most, to - from + 1);
    }
    EXPECT_GT(most, 100u) << seed;
    EXPECT_LE(most, 20u * (10 + 10)) << seed;
  }
}

// ---- Scenarios ----

struct Expected {
  double goodput;       // of the ideal
  double wasted_share;  // of the calls in the time of trouble
  double p95_ms;
};

struct Measured {
  std::int64_t calls = 0;  // in the time of trouble
  std::int64_t good = 0;
  double p95_ms = 0;  // of the good ones
  std::int64_t worst_second = 0;
};

// Quiet for ten seconds, trouble for thirty.
Measured measure(const ServerOptions& server, std::uint64_t seed) {
  constexpr Duration kFrom = 10s;
  constexpr Duration kTo = 40s;
  Scenario scenario;
  scenario.seed = seed;
  scenario.source.rows = 1'000'000;
  scenario.source.batch_rows = 1000;
  scenario.job.run.order = Order::kAny;
  scenario.server = server;
  scenario.server.lines_max = 4096;
  scenario.stop_after = kTo;
  Outcome outcome = play(scenario);
  EXPECT_FALSE(outcome.hung) << "seed " << seed;
  if (outcome.seen.empty()) return {};
  Instant first = outcome.seen.front().at;
  Measured measured;
  std::vector<double> latencies;
  for (const Seen& seen : outcome.seen) {
    if (seen.at - first < kFrom || seen.at - first >= kTo) continue;
    ++measured.calls;
    if (seen.status == 200) latencies.push_back(seconds(seen.latency) * 1e3);
  }
  std::ranges::sort(latencies);
  measured.good = std::ssize(latencies);
  measured.p95_ms = latencies.empty() ? 0 : latencies[latencies.size() * 95 / 100];
  measured.worst_second = outcome.worst_second;
  return measured;
}

void expect_of(const ServerOptions& server, double ideal_calls, const Expected& expected, const char* what) {
  Measured seen = measure(server, Scenario{}.seed);
  EXPECT_GE(static_cast<double>(seen.good), expected.goodput * ideal_calls) << what;
  EXPECT_LE(static_cast<double>(seen.calls - seen.good),
            expected.wasted_share * static_cast<double>(seen.calls))
      << what;
  EXPECT_LE(seen.p95_ms, expected.p95_ms) << what;
  EXPECT_LE(seen.worst_second, 1000) << what;
}

TEST(Trouble, ALimitIsCutByMoreThanHalf) {
  for (Limiting limiting : {Limiting::kSliding, Limiting::kBucket}) {
    ServerOptions server;
    server.limiting = limiting;
    server.limit = limiting == Limiting::kSliding ? 1000 : 0;
    server.steps = {{10s, [](ServerOptions& s) { s.limit = 400; }}};
    // After the cut a sliding second holds too many calls for 0.6 s.
    double ideal = 400 * (limiting == Limiting::kSliding ? 29.4 : 30);
    expect_of(server, ideal, {0.985, 0.012, 30}, limiting == Limiting::kSliding ? "sliding" : "bucket");
  }
}

// The window opens again after a few hundredths of a second. The control must know closely when it did:
// a pace 3 % too high is refused at once, and with the window full that looks like a limit far below.
TEST(Trouble, ALimitIsCutByALittle) {
  for (std::int64_t limit : {970, 950, 930}) {
    std::vector<double> goodput;
    for (std::uint64_t seed = 1; seed <= seeds(15); ++seed) {
      ServerOptions server;
      server.limit = 1000;
      server.steps = {{10s, [limit](ServerOptions& s) { s.limit = limit; }}};
      Measured seen = measure(server, seed);
      EXPECT_LE(seen.worst_second, 1000) << limit << ", seed " << seed;
      goodput.push_back(static_cast<double>(seen.good) / (30 * std::min(static_cast<double>(limit), 952.0)));
    }
    std::ranges::sort(goodput);
    EXPECT_GE(goodput.front(), 0.97) << limit;
    EXPECT_GE(goodput[goodput.size() / 2], 0.985) << limit;
  }
}

TEST(Trouble, ALimitOfEachSecondOfTheClockIsFound) {
  ServerOptions server;
  server.limiting = Limiting::kFixed;
  server.steps = {{10s, [](ServerOptions& s) { s.limit = 400; }}};
  expect_of(server, 400 * 30, {0.95, 0.05, 30}, "fixed");
}

TEST(Trouble, ALimitFlaps) {
  ServerOptions server;
  server.limit = 900;
  for (int i = 0; i < 4; ++i) {
    std::int64_t limit = i % 2 == 0 ? 450 : 900;
    server.steps.emplace_back(10s + i * 8s, [limit](ServerOptions& s) { s.limit = limit; });
  }
  expect_of(server, 450 * 8 + 900 * 8 + 450 * 8 + 900 * 6, {0.88, 0.03, 30}, "flapping");
}

TEST(Trouble, AnApiBecomesSlower) {
  ServerOptions server;
  server.steps = {{10s, [](ServerOptions& s) { s.service = 180ms; }}};
  // The guard of the strict limit takes 5 % of it: 952 calls a second are what a fixed rate reaches.
  expect_of(server, 952 * 30, {0.97, 0, 210}, "slower");
}

TEST(Trouble, AnApiQueues) {
  ServerOptions server;
  server.capacity = 1500;
  server.steps = {{10s, [](ServerOptions& s) { s.capacity = 300; }}};
  expect_of(server, 300 * 30, {0.97, 0.005, 100}, "queueing");
}

TEST(Trouble, FailuresByThemselves) {
  ServerOptions server;
  server.steps = {{10s, [](ServerOptions& s) { s.fail_503 = 0.3; }}};
  expect_of(server, 700 * 30, {0.97, 0.32, 30}, "30 % fail");
}

}  // namespace
}  // namespace rowcall::sim
