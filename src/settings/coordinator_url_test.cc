// SPDX-License-Identifier: Apache-2.0
#include "settings/coordinator_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowcall::settings {
namespace {

using testing::HasSubstr;
using testing::Not;

CoordinatorUrl url_of(std::string_view text) {
  auto url = read_coordinator_url(text);
  EXPECT_TRUE(url) << text << ": " << (url ? "" : url.error().found);
  return url.value_or(CoordinatorUrl{});
}

TEST(CoordinatorUrl, OfACoordinator) {
  CoordinatorUrl url = url_of("tcp://10.0.0.7:7077");
  EXPECT_FALSE(url.redis);
  EXPECT_EQ(url.host, "10.0.0.7");
  EXPECT_EQ(url.port, "7077");
  EXPECT_EQ(url.shown(), "tcp://10.0.0.7:7077");
  EXPECT_EQ(url_of("tcp://[::1]:80").host, "::1");
  EXPECT_EQ(url_of("tcp://[::1]:80").shown(), "tcp://[::1]:80");
}

TEST(CoordinatorUrl, OfARedis) {
  CoordinatorUrl url = url_of("redis://me:p%40ss:word@cache.example:7000/3?key=scor%69ng");
  EXPECT_TRUE(url.redis);
  EXPECT_EQ(url.user, "me");
  EXPECT_EQ(url.password, "p@ss:word");
  EXPECT_EQ(url.host, "cache.example");
  EXPECT_EQ(url.port, "7000");
  EXPECT_EQ(url.database, 3);
  EXPECT_EQ(url.key, "scoring");
  EXPECT_EQ(url.shown(), "redis://cache.example:7000/3");
  url = url_of("redis://localhost");
  EXPECT_EQ(url.port, "6379");
  EXPECT_EQ(url.database, 0);
  EXPECT_EQ(url.key, "");
  EXPECT_EQ(url_of("redis://:secret@[::1]/1").password, "secret");
  EXPECT_EQ(url_of("redis://h?key=a").key, "a");
}

TEST(CoordinatorUrl, WhatIsNone) {
  for (const char* text : {"",
                           "10.0.0.7:80",
                           "tcp://",
                           "tcp://host",
                           "tcp://:80",
                           "tcp://h:8x",
                           "tcp://h:99999",
                           "tcp://h:0",
                           "tcp://h:80/1",
                           "tcp://u:p@h:80",
                           "rediss://h",
                           "redis://",
                           "redis://h:x",
                           "redis://h/x",
                           "redis://h/-1",
                           "redis://h/0?name=x",
                           "redis://h/0?key=",
                           "redis://h/0?key=a%20b",
                           "redis://[::1",
                           "http://h:80",
                           "redis://h:1 /0"}) {
    EXPECT_FALSE(read_coordinator_url(text)) << text;
    EXPECT_TRUE(check_coordinator(text)) << text;
  }
}

TEST(CoordinatorUrl, ASettingHoldsNoPassword) {
  EXPECT_FALSE(check_coordinator("redis://me@cache:6379/0"));
  EXPECT_FALSE(check_coordinator("tcp://h:1"));
  EXPECT_FALSE(check_coordinator("env:RATE_COORDINATOR"));
  EXPECT_TRUE(check_coordinator("env:9"));
  for (const char* text : {"redis://:hunter2@h:1/0", "redis://:hunter2@h:x/0", "tcp://me:hunter2@h:1"}) {
    auto complaint = check_coordinator(text);
    ASSERT_TRUE(complaint) << text;
    EXPECT_THAT(complaint->found + complaint->expected + complaint->mend, Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace rowcall::settings
