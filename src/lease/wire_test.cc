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
  Welcome welcome{{policy::terms_of({5000, 1s}, spec, 30s), policy::terms_of({10, 1h}, spec, 30s)}};
  auto welcomed = read_welcome(body_of(frame(welcome)));
  ASSERT_TRUE(welcomed);
  EXPECT_EQ(welcomed->terms, welcome.terms);
  Grants grants{250ms, {{1, {42, 1, {7, 8}, 300, 9, 250ms}}}};
  auto granted = read_grants(body_of(frame(grants)));
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->hold, 250ms);
  EXPECT_EQ(granted->grants[0].limit, 1u);
  EXPECT_EQ(granted->grants[0].grant.worker, 42u);
  EXPECT_EQ(granted->grants[0].grant.version, (policy::LeaseVersion{7, 8}));
  EXPECT_EQ(granted->grants[0].grant.permits, 300);
  EXPECT_EQ(granted->grants[0].grant.report_every, 250ms);
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

class SealTest : public testing::Test {
 protected:
  static constexpr const char* kSecret = "0123456789abcdef";
  // A signed report's bytes behind the length.
  std::string signed_report(std::int64_t held) {
    Reports message;
    message.reports.resize(1);
    message.reports[0].held = held;
    return body_of(signer_.sign(frame(message)));
  }

  Nonce one_ = draw_nonce();
  Nonce two_ = draw_nonce();
  Seal signer_{kSecret, "worker", one_, two_};
  Seal checker_{kSecret, "worker", one_, two_};
};

TEST_F(SealTest, WhatWasSignedIsReadInItsOrder) {
  for (std::int64_t held : {1, 2, 3}) {
    std::string body = signed_report(held);
    auto said = checker_.check(body);
    ASSERT_TRUE(said);
    EXPECT_EQ(read_reports(*said)->reports[0].held, held);
  }
}

TEST_F(SealTest, AChangedBitIsNoticedWhereverItIs) {
  std::string body = signed_report(7);
  for (std::size_t i = 0; i < body.size(); ++i) {
    std::string changed = body;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(checker_.check(changed)) << i;
  }
  EXPECT_FALSE(checker_.check(body.substr(0, body.size() - 1)));
  EXPECT_FALSE(checker_.check(""));
  EXPECT_TRUE(checker_.check(body));  // a refused frame has not moved the count
}

TEST_F(SealTest, ARepeatedOrLeftOutFrameIsNoticed) {
  std::string first = signed_report(1);
  std::string second = signed_report(2);
  EXPECT_FALSE(checker_.check(second));
  EXPECT_TRUE(checker_.check(first));
  EXPECT_FALSE(checker_.check(first));
  EXPECT_TRUE(checker_.check(second));
}

TEST_F(SealTest, AnotherSideConnectionOrSecretSignsDifferently) {
  std::string body = signed_report(1);
  EXPECT_FALSE(Seal(kSecret, "coordinator", one_, two_).check(body));
  EXPECT_FALSE(Seal(kSecret, "worker", draw_nonce(), two_).check(body));
  EXPECT_FALSE(Seal("0123456789abcdeF", "worker", one_, two_).check(body));
}

}  // namespace
}  // namespace rowcall::lease
