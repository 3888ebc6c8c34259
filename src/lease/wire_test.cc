// SPDX-License-Identifier: Apache-2.0
#include "lease/wire.h"

#include <gtest/gtest.h>

namespace rowcall::lease {
namespace {

std::string body_of(const std::string& frame) {
  EXPECT_EQ(frame_length(frame), frame.size() - kLengthBytes);
  return frame.substr(kLengthBytes);
}

TEST(Wire, ReportsComeBackAsTheyWere) {
  Reports message{true, 1500ms, {}};
  policy::LeaseReport report;
  report.worker = 0xfedcba9876543210;
  report.incarnation = 2;
  report.sequence = 77;
  report.applied = {5, 6};
  report.held = 120;
  report.used = 119;
  report.hungry = true;
  message.reports = {report, report};
  message.reports[1].leaving = true;
  message.reports[1].cooling[31] = 9;
  auto read = read_reports(body_of(frame(message)));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->broken);
  EXPECT_EQ(read->asked_to_wait, 1500ms);
  ASSERT_EQ(read->reports.size(), 2u);
  EXPECT_EQ(read->reports[0].worker, report.worker);
  EXPECT_EQ(read->reports[0].applied, report.applied);
  EXPECT_EQ(read->reports[0].held, 120);
  EXPECT_TRUE(read->reports[0].hungry);
  EXPECT_FALSE(read->reports[0].leaving);
  EXPECT_TRUE(read->reports[1].leaving);
  EXPECT_EQ(read->reports[1].cooling[31], 9);
}

TEST(Wire, WelcomeAndGrantsComeBackAsTheyWere) {
  LimitSpec spec;
  Welcome welcome{"code", {policy::terms_of({5000, 1s}, spec, 30s), policy::terms_of({10, 1h}, spec, 30s)}};
  auto welcomed = read_welcome(body_of(frame(welcome)));
  ASSERT_TRUE(welcomed);
  EXPECT_EQ(welcomed->terms, welcome.terms);
  Grants grants{250ms, {1}, {{42, 1, {7, 8}, 300, 9, 250ms}}};
  auto granted = read_grants(body_of(frame(grants)));
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->hold, 250ms);
  EXPECT_EQ(granted->limits, grants.limits);
  EXPECT_EQ(granted->grants[0].version, (policy::LeaseVersion{7, 8}));
  EXPECT_EQ(granted->grants[0].permits, 300);
}

TEST(Wire, WhatIsCutShortOrTooLongIsNoMessage) {
  Reports message;
  message.reports.resize(1);
  std::string body = body_of(frame(message));
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_FALSE(read_reports(body.substr(0, length))) << length;
  }
  EXPECT_FALSE(read_reports(body + "x"));
  EXPECT_FALSE(read_grants(body));
  EXPECT_FALSE(frame_length(std::string(4, '\xff')));
  EXPECT_FALSE(frame_length(std::string(4, '\0')));
  EXPECT_FALSE(frame_length("abc"));
  // A stranger that speaks HTTP.
  EXPECT_FALSE(frame_length("GET / HTTP/1.1"));
}

TEST(Wire, OnlyTheSameSecretGivesTheSameCode) {
  Nonce one = draw_nonce();
  Nonce two = draw_nonce();
  std::string code = code_of("0123456789abcdef", "worker", one, two);
  EXPECT_EQ(code.size(), 32u);
  EXPECT_TRUE(same_code(code, code_of("0123456789abcdef", "worker", one, two)));
  EXPECT_FALSE(same_code(code, code_of("0123456789abcdeF", "worker", one, two)));
  EXPECT_FALSE(same_code(code, code_of("0123456789abcdef", "coordinator", one, two)));
  EXPECT_FALSE(same_code(code, code_of("0123456789abcdef", "worker", two, one)));
  EXPECT_FALSE(same_code(code, ""));
}

TEST(Wire, Addresses) {
  auto address = parse_address("rowcall://10.0.0.7:7077");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "10.0.0.7");
  EXPECT_EQ(address->port, "7077");
  EXPECT_EQ(parse_address("rowcall://[::1]:80")->host, "::1");
  for (const char* wrong : {"", "10.0.0.7:80", "rowcall://", "rowcall://host", "rowcall://:80",
                            "rowcall://h:8x", "rowcall://h:99999", "redis://h:1"}) {
    EXPECT_FALSE(parse_address(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace rowcall::lease
