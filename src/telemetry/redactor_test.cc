// SPDX-License-Identifier: Apache-2.0
#include "telemetry/redactor.h"

#include <gtest/gtest.h>

namespace rowcall::telemetry {
namespace {

TEST(Redactor, MasksEveryOccurrence) {
  Redactor redactor({"hunter2-token"});
  EXPECT_EQ(redactor.masked("a hunter2-token b hunter2-tokenhunter2-token"), "a [secret] b [secret][secret]");
  EXPECT_EQ(redactor.masked("nothing here"), "nothing here");
  EXPECT_EQ(redactor.masked(""), "");
}

TEST(Redactor, MasksThePercentEncodedAndTheJsonForm) {
  Redactor redactor({"p&ss \"word\""});
  EXPECT_EQ(redactor.masked("GET /?key=p%26ss%20%22word%22&x=1"), "GET /?key=[secret]&x=1");
  EXPECT_EQ(redactor.masked(R"({"key":"p&ss \"word\""})"), R"({"key":"[secret]"})");
}

TEST(Redactor, ASecretInsideAnotherLeavesNoRest) {
  Redactor redactor({"abcd", "abcdefgh"});
  EXPECT_EQ(redactor.masked("abcdefgh abcd"), "[secret] [secret]");
}

TEST(Redactor, MasksOneLineOfAKey) {
  Redactor redactor({"-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nAbCdEf\n-----END KEY-----\n"});
  EXPECT_EQ(redactor.masked("bad line MIIEvQIBADANBgkqhkiG9w0 in the key"), "bad line [secret] in the key");
  EXPECT_EQ(redactor.masked("-----END KEY----- is missing"), "-----END KEY----- is missing");
}

TEST(Redactor, TakesTheValueWithoutTheBlanksAroundIt) {
  Redactor redactor({"token-from-a-file\n"});
  EXPECT_EQ(redactor.masked("Bearer token-from-a-file"), "Bearer [secret]");
}

TEST(Redactor, DoesNotSearchForVeryShortValues) {
  Redactor redactor({"", "a", "abc"});
  EXPECT_EQ(redactor.masked("abc a"), "abc a");
}

}  // namespace
}  // namespace rowcall::telemetry
