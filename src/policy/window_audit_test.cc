// SPDX-License-Identifier: Apache-2.0
#include "policy/window_audit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "policy/dice.h"

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};

/// Counts every window that ends with a send, one by one.
std::int64_t brute_force(const std::vector<Instant>& sends, Duration period) {
  std::int64_t worst = 0;
  for (std::size_t last = 0; last < sends.size(); ++last) {
    std::int64_t in_window = 0;
    for (std::size_t i = last + 1; i-- > 0 && sends[last] - sends[i] < period;) ++in_window;
    worst = std::max(worst, in_window);
  }
  return worst;
}

std::int64_t audited(const std::vector<Instant>& sends, Duration period) {
  WindowAudit audit(period);
  for (Instant at : sends) audit.add(at);
  return audit.worst();
}

TEST(WindowAudit, KnowsNothingAtFirst) {
  WindowAudit audit(1s);
  EXPECT_EQ(audit.worst(), 0);
  EXPECT_EQ(audit.period(), 1s);
}

TEST(WindowAudit, WindowsAreHalfOpen) {
  EXPECT_EQ(audited({kStart, kStart + 1s}, 1s), 1);
  EXPECT_EQ(audited({kStart, kStart + 1s - 1ns}, 1s), 2);
}

TEST(WindowAudit, NamesTheEndOfTheFirstWorstWindow) {
  WindowAudit audit(1s);
  for (Duration at : {0ms, 400ms, 800ms, 3000ms, 3100ms, 3200ms}) audit.add(kStart + at);
  EXPECT_EQ(audit.worst(), 3);
  EXPECT_EQ(audit.worst_end(), kStart + 800ms);
}

TEST(WindowAudit, ATimeThatGoesBackCountsAsTheLatest) {
  WindowAudit audit(1s);
  audit.add(kStart);
  audit.add(kStart - 5s);
  EXPECT_EQ(audit.worst(), 2);
  EXPECT_EQ(audit.worst_end(), kStart);
}

TEST(WindowAudit, IsExactOnRandomSends) {
  Dice dice(11);
  for (int round = 0; round < 300; ++round) {
    std::vector<Instant> sends;
    Instant at = kStart;
    double mean_gap = std::pow(10, -3 * dice.share());  // of the period
    for (int i = 0; i < 400; ++i) {
      // Many at the same moment, many exactly a period apart.
      double kind = dice.share();
      if (kind < 0.1)
        at += 1s;
      else if (kind < 0.8)
        at += from_seconds(mean_gap * 2 * dice.share());
      sends.push_back(at);
    }
    ASSERT_EQ(audited(sends, 1s), brute_force(sends, 1s)) << "round " << round;
  }
}

/// The most sends in any window, by two pointers.
std::int64_t truth(const std::vector<Instant>& sends, Duration period) {
  std::size_t worst = 0;
  for (std::size_t first = 0, last = 0; last < sends.size(); ++last) {
    while (sends[last] - sends[first] >= period) ++first;
    worst = std::max(worst, last - first + 1);
  }
  return static_cast<std::int64_t>(worst);
}

TEST(WindowAudit, SlicedItIsNeverBelowTheTruthAndHardlyAbove) {
  Dice dice(12);
  // Far more sends than are kept one by one: evenly spread, at random, in bursts, with pauses.
  for (int kind = 0; kind < 4; ++kind) {
    std::vector<Instant> sends;
    Instant at = kStart;
    for (int i = 0; i < 500'000; ++i) {
      if (kind == 0) at += 10us;
      if (kind == 1) at += from_seconds(20e-6 * dice.share());
      if (kind == 2 && i % 1000 == 0) at += 10ms;
      if (kind == 3) at += i % 90'000 == 0 ? Duration(700ms) : Duration(4us);
      sends.push_back(at);
    }
    // At most the sends of one slice more.
    EXPECT_GE(audited(sends, 1s), truth(sends, 1s)) << "kind " << kind;
    EXPECT_LE(audited(sends, 1s), truth(sends, 1s + Duration(1s) / 65'536)) << "kind " << kind;
  }
}

TEST(WindowAudit, ASliceStaysUntilItsLastSendIsOut) {
  std::vector<Instant> sends;
  for (int i = 0; i < 70'000; ++i) sends.push_back(kStart + i * 10us);
  for (int i = 0; i < 10; ++i) sends.push_back(kStart + 800ms + i * 1400ns);  // one slice
  // At this moment four sends of that slice are still in the window.
  sends.insert(sends.end(), 80'000, kStart + 1800ms + 7us);
  EXPECT_EQ(truth(sends, 1s), 80'004);
  EXPECT_EQ(audited(sends, 1s), 80'010);
}

TEST(WindowAudit, KeepsLittleForVeryManySends) {
  WindowAudit audit(24h);
  for (std::int64_t i = 0; i < 2'000'000; ++i) audit.add(kStart + i * 8640us);
  EXPECT_EQ(audit.worst(), 2'000'000);
  EXPECT_LE(audit.entries(), 2 * 65'536u);
}

}  // namespace
}  // namespace rowcall::policy
