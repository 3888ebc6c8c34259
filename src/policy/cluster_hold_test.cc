// SPDX-License-Identifier: Apache-2.0
#include "policy/cluster_hold.h"

#include <gtest/gtest.h>

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1h};

TEST(ClusterHold, WhatOneIsAskedToWaitAllWait) {
  ClusterHold hold;
  hold.report(1, false, 0s, kNow);
  hold.report(2, false, 3s, kNow);
  EXPECT_TRUE(hold.take_changed());
  EXPECT_EQ(hold.hold(1, kNow), 3s);
  EXPECT_EQ(hold.hold(7, kNow + 1s), 2s);
  EXPECT_TRUE(hold.held(kNow + 2s));
  // The same wait, told again a moment later, is no news; nor does a shorter one end it.
  hold.report(2, false, 2900ms, kNow + 100ms);
  hold.report(1, false, 1s, kNow + 100ms);
  EXPECT_FALSE(hold.take_changed());
  EXPECT_EQ(hold.hold(1, kNow + 3s), 0s);
  EXPECT_FALSE(hold.held(kNow + 3s));
}

TEST(ClusterHold, OneWorkersTroubleIsItsOwn) {
  ClusterHold hold;
  hold.report(1, true, 0s, kNow);
  hold.report(2, false, 0s, kNow);
  EXPECT_EQ(hold.hold(2, kNow), 0s);
  hold.report(3, true, 0s, kNow);
  EXPECT_GT(hold.hold(2, kNow), 0s);
}

TEST(ClusterHold, OneProbesForAllAndItsSuccessFreesAll) {
  ClusterHold hold;
  for (std::uint64_t worker = 1; worker <= 4; ++worker) hold.report(worker, false, 0s, kNow);
  for (std::uint64_t worker = 2; worker <= 4; ++worker) hold.report(worker, true, 0s, kNow);
  EXPECT_TRUE(hold.take_changed());
  int probing = 0;
  for (std::uint64_t worker = 1; worker <= 4; ++worker) probing += hold.hold(worker, kNow) == 0s ? 1 : 0;
  EXPECT_EQ(probing, 1);
  EXPECT_EQ(hold.hold(2, kNow), 0s);
  hold.report(2, false, 0s, kNow + 5s);
  EXPECT_TRUE(hold.take_changed());
  for (std::uint64_t worker = 1; worker <= 4; ++worker) EXPECT_EQ(hold.hold(worker, kNow + 5s), 0s);
  // The breakers of the others are still open, and close one after the other: no new hold for that.
  for (std::uint64_t worker = 3; worker <= 4; ++worker) hold.report(worker, true, 0s, kNow + 6s);
  hold.report(1, true, 0s, kNow + 6s);
  EXPECT_FALSE(hold.held(kNow + 6s));
  // Ill again later: a new hold.
  for (std::uint64_t worker = 1; worker <= 4; ++worker) hold.report(worker, true, 0s, kNow + 20s);
  EXPECT_TRUE(hold.held(kNow + 20s));
}

TEST(ClusterHold, AProberThatIsGoneIsReplaced) {
  ClusterHold hold;
  for (std::uint64_t worker = 1; worker <= 3; ++worker) hold.report(worker, true, 0s, kNow);
  EXPECT_EQ(hold.hold(1, kNow), 0s);
  hold.forget(1);
  EXPECT_EQ(hold.hold(2, kNow), 0s);
  EXPECT_GT(hold.hold(3, kNow), 0s);
  hold.forget(2);
  hold.forget(3);
  EXPECT_FALSE(hold.held(kNow));
}

}  // namespace
}  // namespace rowcall::policy
