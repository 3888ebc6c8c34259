// SPDX-License-Identifier: Apache-2.0
#include "policy/quota_pace.h"

#include <gtest/gtest.h>

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1000s};
constexpr double kNone = QuotaPace::kNoPace;

Quota left(std::int64_t calls, Duration reset, bool whole_seconds = true) {
  Quota quota;
  quota.remaining = calls;
  quota.reset = reset;
  quota.whole_seconds = whole_seconds;
  return quota;
}

Quota policy_of(std::int64_t calls, Duration window) {
  Quota quota;
  quota.limit = calls;
  quota.window = window;
  return quota;
}

double pace_after(const std::vector<Quota>& quotas, double present = 1000, int in_flight = 0) {
  QuotaPace pace(300s);
  pace.heard(quotas, in_flight, present, kNow);
  return pace.per_s(kNow);
}

TEST(QuotaPace, AShortWindowIsARate) {
  EXPECT_DOUBLE_EQ(pace_after({policy_of(100, 1s)}), 100);
  EXPECT_DOUBLE_EQ(pace_after({policy_of(100, 10s)}), 10);
  // A quota of an hour may be used as fast as one likes.
  EXPECT_EQ(pace_after({policy_of(100, 1h)}), kNone);
  EXPECT_DOUBLE_EQ(pace_after({policy_of(100, 1h), policy_of(50, 1s), policy_of(60, 1s)}), 50);
}

TEST(QuotaPace, WhatIsLeftOfAMinuteIsSpread) {
  EXPECT_DOUBLE_EQ(pace_after({left(300, 30s)}), 10);
  EXPECT_DOUBLE_EQ(pace_after({left(300, 30s)}, 1000, /*in_flight=*/150), 5);
  // At the present pace it lasts anyway.
  EXPECT_EQ(pace_after({left(300, 30s)}, 12), kNone);
  EXPECT_EQ(pace_after({left(300, 2min)}), kNone);
  QuotaPace pace(300s);
  pace.heard(std::vector<Quota>{left(300, 30s)}, 0, 1000, kNow);
  EXPECT_DOUBLE_EQ(pace.per_s(kNow + 29s), 10);
  EXPECT_EQ(pace.per_s(kNow + 30s), kNone);
}

TEST(QuotaPace, NothingLeftMeansThatEveryoneWaits) {
  QuotaPace pace(300s);
  pace.heard(std::vector<Quota>{left(20, 1h)}, /*in_flight=*/18, 1000, kNow);
  EXPECT_LT(pace.held_until(), kNow);
  pace.sent();
  pace.sent();
  EXPECT_EQ(pace.held_until(), kNow + 300s) << "no longer than wait_max";
  // An answer that knows better.
  pace.heard(std::vector<Quota>{left(5, 59min)}, 0, 1000, kNow + 1s);
  EXPECT_LT(pace.held_until(), kNow);
}

TEST(QuotaPace, TheTightestQuotaCounts) {
  QuotaPace pace(300s);
  pace.heard(std::vector<Quota>{left(1000, 10s), left(0, 40s), left(50, 1h)}, 0, 10, kNow);
  EXPECT_EQ(pace.held_until(), kNow + 40s);
}

TEST(QuotaPace, WholeSecondsSayNothingOfTheNextOne) {
  QuotaPace pace(300s);
  pace.heard(std::vector<Quota>{left(0, 1s)}, 0, 1000, kNow);
  EXPECT_LT(pace.held_until(), kNow);
  pace.heard(std::vector<Quota>{left(0, 250ms, /*whole_seconds=*/false)}, 0, 1000, kNow);
  EXPECT_EQ(pace.held_until(), kNow + 250ms);
}

TEST(QuotaPace, TokensAreNotCalls) {
  Quota tokens = left(150, 30s);
  tokens.of_calls = false;
  EXPECT_EQ(pace_after({tokens}), kNone);
  tokens.remaining = 0;
  QuotaPace pace(300s);
  pace.heard(std::vector<Quota>{tokens}, 0, 1000, kNow);
  EXPECT_EQ(pace.held_until(), kNow + 30s);
}

}  // namespace
}  // namespace rowcall::policy
