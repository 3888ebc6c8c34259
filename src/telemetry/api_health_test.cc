// SPDX-License-Identifier: Apache-2.0
#include "telemetry/api_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowcall::telemetry {
namespace {

using ::testing::HasSubstr;
constexpr WallTime kNow{1'700'000'000s};

ConnectionOpened opened(std::optional<double> days, std::string_view moved = "") {
  return {1ms, 2ms, 3ms, "10.0.0.1 port 443", days, moved};
}

TEST(ApiHealth, OtherAddressesAreTold) {
  ApiHealth health;
  EXPECT_EQ(health.on(opened(std::nullopt), kNow), "");
  EXPECT_THAT(health.on(opened(std::nullopt, "from 10.0.0.1 to 10.0.0.2"), kNow), HasSubstr("to 10.0.0.2"));
  EXPECT_EQ(health.api().moves, 1);
  EXPECT_EQ(health.api().connections, 2);
  EXPECT_FALSE(health.api().certificate_end.has_value());
}

TEST(ApiHealth, ACertificateThatEndsSoonIsToldOnce) {
  ApiHealth health;
  EXPECT_EQ(health.on(opened(14.5), kNow), "");
  EXPECT_THAT(health.on(opened(3.25), kNow), HasSubstr("3.2 days"));
  EXPECT_EQ(health.on(opened(3.25), kNow), "");
  ASSERT_TRUE(health.api().certificate_end.has_value());
  EXPECT_NEAR(days_until(*health.api().certificate_end, kNow), 3.25, 1e-6);
}

TEST(ApiHealth, TheHealthUrlIsToldWhenItChangesItsMind) {
  ApiHealth health;
  EXPECT_EQ(health.on(HealthChecked{true, 200, 12ms, ""}, kNow), "");
  EXPECT_EQ(health.api().check_text, "200 in 12 ms");
  EXPECT_THAT(health.on(HealthChecked{false, 503, 5ms, "HTTP 503"}, kNow), HasSubstr("HTTP 503"));
  EXPECT_EQ(health.on(HealthChecked{false, 503, 5ms, "HTTP 503"}, kNow), "");
  EXPECT_THAT(health.on(HealthChecked{true, 200, 5ms, ""}, kNow), HasSubstr("well again"));
  EXPECT_EQ(health.api().checks, 4);
  EXPECT_EQ(health.api().checks_ill, 2);
}

TEST(ApiHealth, TheShareOfErrorsIsThatOfTheLastMinute) {
  ApiHealth health;
  SecondRecord bad;
  bad.at = kNow;
  bad.here.attempts = 10;
  bad.here[OutcomeClass::kTransient] = 10;
  for (int i = 0; i < 60; ++i) health.on(bad);
  EXPECT_DOUBLE_EQ(health.api().error_share, 1);
  EXPECT_EQ(health.api().last_success, WallTime{});
  SecondRecord good = bad;
  good.at = kNow + 60s;
  good.here[OutcomeClass::kTransient] = 1;
  good.here[OutcomeClass::kSuccess] = 8;
  good.here[OutcomeClass::kNoMatch] = 1;
  for (int i = 0; i < 60; ++i) health.on(good);
  EXPECT_DOUBLE_EQ(health.api().error_share, 0.1);
  EXPECT_EQ(health.api().minute_attempts, 600);
  EXPECT_EQ(health.api().last_success, kNow + 60s);
}

}  // namespace
}  // namespace rowcall::telemetry
