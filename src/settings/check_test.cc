// SPDX-License-Identifier: Apache-2.0
// Jobs that no loader has looked at: what a host puts together by hand.
#include "settings/check.h"

#include <gtest/gtest.h>

namespace rowcall::settings {
namespace {

Job small() {
  Job job;
  job.source.paths = {"in.csv"};
  job.request.url = "http://127.0.0.1:1/";
  return job;
}

std::string fault(const Job& job) {
  auto result = check(job);
  return result ? "" : result.error().text();
}

TEST(Check, ASmallJobIsWhole) {
  EXPECT_EQ(fault(small()), "");
}

TEST(Check, WhatASettingRefusesIsRefusedInAnyJob) {
  Job job = small();
  job.source.batch_size = 0;
  EXPECT_EQ(fault(job), "source.batch_size: 0; expected a whole number from 1 to 1,000,000");
  job = small();
  job.limits.rate = {{5, Duration(0)}};
  EXPECT_NE(fault(job), "");
  job = small();
  job.limits.rate.assign(5, {5, std::chrono::seconds(1)});
  EXPECT_EQ(fault(job),
            "limits.rate: 5 rates; expected at most 4. Leave out those which another one makes needless.");
  job = small();
  job.name = "a/b";
  EXPECT_NE(fault(job), "");
  job = small();
  job.retry.budget_share = 2;
  EXPECT_NE(fault(job), "");
  job = small();
  job.response.columns = {{"a", "/a", "string", false}, {"a", "/b", "string", false}};
  EXPECT_EQ(fault(job),
            "response.columns.a: a second entry of this name; expected a table, column = \"/pointer:type\", "
            "with \"!\" at "
            "the end if the value must be there. Keep one of them.");
}

TEST(Check, SecretsInClearAreRefusedInAnyJobAndNotShown) {
  Job job = small();
  job.auth.type = AuthType::kBearer;
  job.auth.token = {"s3cr3t"};
  EXPECT_EQ(fault(job).find("s3cr3t"), std::string::npos);
  EXPECT_NE(fault(job), "");
  job = small();
  job.request.headers = {{"Authorization", "Bearer s3cr3t"}};
  EXPECT_EQ(fault(job).find("s3cr3t"), std::string::npos);
  EXPECT_EQ(fault(job).substr(0, 29), "request.headers.Authorization");
  job = small();
  job.request.url = "http://a:s3cr3t@h/";
  EXPECT_EQ(fault(job).find("s3cr3t"), std::string::npos);
  EXPECT_NE(fault(job), "");
}

TEST(Check, ALimitIsFoundByAdaptiveControl) {
  Job job = small();
  job.limits.rate.clear();
  job.limits.find_rate = true;
  EXPECT_EQ(fault(job), "");
  job.limits.adaptive = false;
  EXPECT_EQ(
      fault(job),
      "limits.rate: limits.rate = \"auto\", and limits.adaptive = false; expected limits.adaptive = true. "
      "It is the adaptive control that finds a rate.");
}

TEST(Check, ACoordinatorNeedsALimitAndASecret) {
  Job job = small();
  job.limits.coordinator = "tcp://h:1";
  EXPECT_EQ(fault(job).substr(0, 18), "limits.coordinator");
  job.limits.coordinator_secret = {"env:THE_SECRET"};
  EXPECT_EQ(fault(job), "");
  job.limits.rate.clear();
  EXPECT_EQ(
      fault(job),
      "limits.coordinator: a coordinator, and limits.rate = \"unlimited\"; expected a limit to share. Set "
      "limits.rate, the same for all runs.");
  job = small();
  job.limits.coordinator = "redis://h";
  EXPECT_EQ(fault(job), "");
}

TEST(Check, AHostMayBringTheSource) {
  Job job = small();
  job.source.paths.clear();
  EXPECT_FALSE(check(job));
  EXPECT_TRUE(check(job, {}, {.source = true}));
}

TEST(Check, PlacesAreUsedWhenTheyAreKnown) {
  Job job = small();
  job.request.rows_per_call = 60'000;
  Places places;
  places.by_key["request.rows_per_call"] = "job.toml line 7: request.rows_per_call";
  auto result = check(job, places);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().place, "job.toml line 7: request.rows_per_call");
}

}  // namespace
}  // namespace rowcall::settings
