// SPDX-License-Identifier: Apache-2.0
// What a worker says and hears, byte by byte, without a network: tampered and repeated frames of a
// coordinator, and a Redis's replies.
#include "lease/dialogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lease/redis_script.h"

namespace rowcall::lease {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "a secret of the test, long enough";

std::vector<policy::LeaseTerms> terms() {
  return {policy::terms_of({100, 1s}, LimitSpec{}, 30s)};
}

Reports some_reports() {
  Reports reports;
  reports.reports.resize(1);
  reports.reports[0].worker = 0xfedcba9876543210;
  reports.reports[0].incarnation = 2;
  reports.reports[0].sequence = 3;
  reports.reports[0].held = 4;
  return reports;
}

// A coordinator that has shaken hands with `dialogue`.
class SignedGrants : public testing::Test {
 protected:
  SignedGrants() {
    EXPECT_EQ(dialogue_.begin(), "");
    Heard heard = dialogue_.hear(frame(Hello{nonce_}));
    auto proof = read_proof(std::string_view(heard.answer).substr(kLengthBytes));
    EXPECT_TRUE(proof);
    EXPECT_EQ(proof->code, code_of(kSecret, "worker", nonce_, proof->nonce));
    seal_.emplace(kSecret, "coordinator", nonce_, proof->nonce);
    checker_.emplace(kSecret, "worker", nonce_, proof->nonce);
    heard = dialogue_.hear(seal_->sign(frame(Welcome{terms()})));
    EXPECT_EQ(heard.terms, terms());
  }
  std::string grants(std::int64_t permits) {
    policy::LeaseGrant grant;
    grant.permits = permits;
    return seal_->sign(frame(Grants{Duration(0), {{0, grant}}}));
  }

  CoordinatorDialogue dialogue_{kSecret, "tcp://here:1"};
  Nonce nonce_ = draw_nonce();
  std::optional<Seal> seal_;
  std::optional<Seal> checker_;
};

TEST_F(SignedGrants, ComeInPiecesOfAnySize) {
  std::string bytes = grants(7);
  bytes += grants(8);
  std::vector<std::int64_t> heard;
  for (char byte : bytes) {
    for (const Grants& each : dialogue_.hear(std::string_view(&byte, 1)).grants)
      heard.push_back(each.grants[0].grant.permits);
  }
  EXPECT_THAT(heard, testing::ElementsAre(7, 8));
}

TEST_F(SignedGrants, ATamperedOneEndsTheConnection) {
  std::string bytes = grants(7);
  bytes[kLengthBytes + 1 + 8 + 8 + 5 * 8 + 8 - 1] = 100;  // the last byte of permits
  Heard heard = dialogue_.hear(bytes);
  EXPECT_TRUE(heard.grants.empty());
  EXPECT_THAT(heard.trouble, HasSubstr("not signed"));
}

TEST_F(SignedGrants, ARepeatedOneEndsTheConnection) {
  std::string bytes = grants(7);
  EXPECT_EQ(dialogue_.hear(bytes).grants.size(), 1u);
  Heard heard = dialogue_.hear(bytes);
  EXPECT_TRUE(heard.grants.empty());
  EXPECT_THAT(heard.trouble, HasSubstr("not signed"));
}

TEST_F(SignedGrants, AnUnsignedOneEndsTheConnection) {
  EXPECT_THAT(dialogue_.hear(frame(Grants{})).trouble, HasSubstr("not signed"));
  EXPECT_THAT(dialogue_.hear(frame(Refused{"no"})).trouble, HasSubstr("not signed"));
}

TEST_F(SignedGrants, ReportsAreSignedAsWell) {
  for (int i = 0; i < 2; ++i) {
    std::string bytes = dialogue_.say(some_reports());
    auto said = checker_->check(std::string_view(bytes).substr(kLengthBytes));
    ASSERT_TRUE(said);
    EXPECT_EQ(read_reports(*said)->reports[0].held, 4);
  }
}

TEST(CoordinatorDialogue, OneWhoDoesNotKnowTheSecretIsNotBelieved) {
  CoordinatorDialogue dialogue(kSecret, "tcp://here:1");
  dialogue.begin();
  Nonce nonce = draw_nonce();
  Heard heard = dialogue.hear(frame(Hello{nonce}));
  auto proof = read_proof(std::string_view(heard.answer).substr(kLengthBytes));
  Seal wrong("another secret, long enough", "coordinator", nonce, proof->nonce);
  heard = dialogue.hear(wrong.sign(frame(Welcome{terms()})));
  EXPECT_FALSE(heard.terms);
  EXPECT_EQ(heard.trouble, "it does not know the secret");
  dialogue.begin();
  EXPECT_NE(dialogue.hear("HTTP/1.1 400 Bad Request\r\n\r\n").trouble, "");
}

class RedisWords : public testing::Test {
 protected:
  // After the handshake.
  void trusted() {
    dialogue_.begin();
    EXPECT_TRUE(dialogue_.hear("+OK\r\n+OK\r\n$4\r\nd1g3\r\n").terms);
  }

  RedisDialogue dialogue_{*settings::read_coordinator_url("redis://me@h:1/3?key=scores"), "p w", terms()};
};

TEST_F(RedisWords, TheHandshakeLogsInAndLoadsTheScript) {
  std::string first = dialogue_.begin();
  EXPECT_THAT(first,
              HasSubstr("*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$3\r\np w\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"));
  EXPECT_THAT(first, HasSubstr(kRedisScript));
  EXPECT_FALSE(dialogue_.hear("+OK\r\n+OK\r\n$4\r\nd1").terms);
  Heard heard = dialogue_.hear("g3\r\n");
  EXPECT_EQ(heard.terms, terms());
  std::string report = dialogue_.say(some_reports());
  EXPECT_THAT(report, HasSubstr("EVALSHA\r\n$4\r\nd1g3\r\n$1\r\n1\r\n$20\r\nrowcall:limit:scores\r\n"));
  EXPECT_THAT(report, HasSubstr("18364758544493064720"));
}

TEST_F(RedisWords, GrantsAndReportsThatCameTooLate) {
  trusted();
  dialogue_.say(some_reports());
  dialogue_.say(some_reports());
  Heard heard =
      dialogue_.hear("*2\r\n:1500\r\n*6\r\n:2\r\n:77\r\n:5\r\n:60\r\n:3\r\n:250000\r\n*2\r\n:0\r\n*0\r\n");
  ASSERT_EQ(heard.grants.size(), 2u);
  EXPECT_EQ(heard.grants[0].hold, 1500us);
  const policy::LeaseGrant& grant = heard.grants[0].grants.at(0).grant;
  EXPECT_EQ(grant.worker, 0xfedcba9876543210);
  EXPECT_EQ(grant.incarnation, 2u);
  EXPECT_EQ(grant.version, (policy::LeaseVersion{77, 5}));
  EXPECT_EQ(grant.permits, 60);
  EXPECT_EQ(grant.sequence, 3u);
  EXPECT_EQ(grant.report_every, 250ms);
  EXPECT_TRUE(heard.grants[1].grants.empty());
}

TEST_F(RedisWords, WhatIsForGoodAndWhatMayPass) {
  dialogue_.begin();
  Heard heard = dialogue_.hear("-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  ASSERT_TRUE(heard.refused);
  EXPECT_EQ(heard.refused->code, ErrorCode::kDenied);
  EXPECT_THAT(heard.refused->text(), Not(HasSubstr("p w")));
  dialogue_.begin();
  EXPECT_THAT(dialogue_.hear("-LOADING Redis is loading the dataset in memory\r\n").trouble,
              HasSubstr("LOADING"));
  for (const char* passing : {"-NOSCRIPT No matching script.\r\n", "-READONLY You can't write.\r\n", ":5\r\n",
                              "*1\r\n:0\r\n", "*2\r\n:0\r\n*1\r\n:1\r\n", "hello\r\n", "+OK\r\n+OK\r\n"}) {
    trusted();
    dialogue_.say(some_reports());
    heard = dialogue_.hear(passing);
    EXPECT_NE(heard.trouble, "") << passing;
    EXPECT_TRUE(heard.grants.empty()) << passing;
    EXPECT_FALSE(heard.refused) << passing;
  }
  trusted();
  dialogue_.say(some_reports());
  heard = dialogue_.hear("$9\r\n50 in 1 s\r\n");
  ASSERT_TRUE(heard.refused);
  EXPECT_THAT(heard.refused->text(), HasSubstr("50 in 1 s"));
}

}  // namespace
}  // namespace rowcall::lease
