// SPDX-License-Identifier: Apache-2.0
#include "mapping/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

namespace rowcall::mapping {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Job job_with(const std::string& coordinator, const std::string& secret = "") {
  Job job;
  job.request.url = "https://API.example.com/v1/score";
  job.limits.coordinator = coordinator;
  job.limits.coordinator_secret = {secret};
  return job;
}

TEST(ClusterOf, NobodyUnlessItIsSaid) {
  auto cluster = cluster_of(job_with(""));
  ASSERT_TRUE(cluster);
  EXPECT_EQ(cluster->coordinator, "");
  EXPECT_THAT(*secrets_of(job_with("")), ElementsAre());
}

TEST(ClusterOf, ACoordinatorNeedsItsSecret) {
  ::setenv("ROWCALL_TEST_SECRET", "swordfish", 1);
  auto cluster = cluster_of(job_with("tcp://10.0.0.7:7077", "env:ROWCALL_TEST_SECRET"));
  ASSERT_TRUE(cluster);
  EXPECT_EQ(cluster->coordinator, "tcp://10.0.0.7:7077");
  EXPECT_EQ(cluster->secret, "swordfish");
  EXPECT_THAT(*secrets_of(job_with("tcp://h:1", "env:ROWCALL_TEST_SECRET")), ElementsAre("swordfish"));
  auto none = cluster_of(job_with("tcp://10.0.0.7:7077"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().place, "limits.coordinator_secret");
}

TEST(ClusterOf, AUrlInAVariableMayHoldAPasswordWhichIsMasked) {
  ::setenv("ROWCALL_TEST_URL", "redis://me:hunt%65r2@cache:6379/1", 1);
  Job job = job_with("env:ROWCALL_TEST_URL");
  auto cluster = cluster_of(job);
  ASSERT_TRUE(cluster);
  EXPECT_EQ(cluster->coordinator, "redis://me:hunt%65r2@cache:6379/1?key=api.example.com%3A443");
  EXPECT_THAT(*secrets_of(job), ElementsAre("hunter2"));
  ::setenv("ROWCALL_TEST_URL", "redis://me:hunter2@cache:x/1", 1);
  cluster = cluster_of(job);
  ASSERT_FALSE(cluster);
  EXPECT_THAT(cluster.error().text(), Not(HasSubstr("hunter2")));
}

TEST(ClusterOf, AKeyOfOnesOwnIsKept) {
  auto cluster = cluster_of(job_with("redis://cache/0?key=second"));
  ASSERT_TRUE(cluster);
  EXPECT_EQ(cluster->coordinator, "redis://cache/0?key=second");
}

}  // namespace
}  // namespace rowcall::mapping
