// SPDX-License-Identifier: Apache-2.0
#include "policy/classify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowcall::policy {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr TransportError kErrors[] = {
    TransportError::kResolve,     TransportError::kConnect,  TransportError::kTls,
    TransportError::kCertificate, TransportError::kClosed,   TransportError::kTimeout,
    TransportError::kTooLarge,    TransportError::kProtocol, TransportError::kCancelled};

Reply answer(int status, std::string retry_after = "") {
  Reply reply;
  reply.status = status;
  reply.retry_after = std::move(retry_after);
  reply.on_wire = true;
  return reply;
}

Reply broken(TransportError error, bool on_wire = true, int status = 0) {
  Reply reply;
  reply.error = error;
  reply.on_wire = on_wire;
  reply.status = status;
  return reply;
}

OutcomeClass by_default(const Reply& reply) {
  return Classifier::make({})->judge(reply);
}

OutcomeClass expected_by_default(int status) {
  if (status >= 200 && status < 300) return OutcomeClass::kSuccess;
  switch (status) {
    case 401:
    case 402:
    case 403: return OutcomeClass::kFatal;
    case 429: return OutcomeClass::kThrottled;
    case 408:
    case 425:
    case 500:
    case 502:
    case 503:
    case 504: return OutcomeClass::kTransient;
    default: return OutcomeClass::kPermanent;
  }
}

TEST(Classifier, EveryStatusByDefault) {
  for (int status = 100; status < 600; ++status) {
    EXPECT_EQ(by_default(answer(status)), expected_by_default(status)) << status;
  }
}

TEST(Classifier, OnlyA503IsMadeThrottledByRetryAfter) {
  for (int status = 100; status < 600; ++status) {
    OutcomeClass expected = status == 503 ? OutcomeClass::kThrottled : expected_by_default(status);
    EXPECT_EQ(by_default(answer(status, "2")), expected) << status;
  }
}

TEST(Classifier, TransportErrors) {
  for (TransportError error : kErrors) {
    OutcomeClass expected = error == TransportError::kCertificate ? OutcomeClass::kFatal
                            : error == TransportError::kTooLarge  ? OutcomeClass::kPermanent
                                                                  : OutcomeClass::kTransient;
    EXPECT_EQ(by_default(broken(error)), expected) << name_of(error);
    // A status line that came before the end does not make it an answer.
    EXPECT_EQ(by_default(broken(error, true, 200)), expected) << name_of(error);
  }
}

TEST(Classifier, ListsOfOnesOwn) {
  ClassifySpec spec;
  spec.success = "200,202";
  spec.no_match = "404,204";
  spec.throttled = "429,5XX,!501";
  spec.transient = "4XX,!404";
  spec.fatal = "401";
  Classifier own = *Classifier::make(spec);
  EXPECT_EQ(own.judge(answer(200)), OutcomeClass::kSuccess);
  EXPECT_EQ(own.judge(answer(201)), OutcomeClass::kPermanent);
  EXPECT_EQ(own.judge(answer(204)), OutcomeClass::kNoMatch);
  EXPECT_EQ(own.judge(answer(404)), OutcomeClass::kNoMatch);
  EXPECT_EQ(own.judge(answer(503)), OutcomeClass::kThrottled);
  EXPECT_EQ(own.judge(answer(501)), OutcomeClass::kPermanent);
  EXPECT_EQ(own.judge(answer(401)), OutcomeClass::kFatal);
  EXPECT_EQ(own.judge(answer(403)), OutcomeClass::kTransient);
}

TEST(Classifier, TheFirstListThatHasAStatusWins) {
  // In the order fatal, throttled, no_match, success, transient: drop one list after the other.
  ClassifySpec spec;
  spec.fatal = spec.throttled = spec.no_match = spec.success = spec.transient = "418";
  EXPECT_EQ(Classifier::make(spec)->judge(answer(418)), OutcomeClass::kFatal);
  spec.fatal = "";
  EXPECT_EQ(Classifier::make(spec)->judge(answer(418)), OutcomeClass::kThrottled);
  spec.throttled = "";
  EXPECT_EQ(Classifier::make(spec)->judge(answer(418)), OutcomeClass::kNoMatch);
  spec.no_match = "";
  EXPECT_EQ(Classifier::make(spec)->judge(answer(418)), OutcomeClass::kSuccess);
  spec.success = "";
  EXPECT_EQ(Classifier::make(spec)->judge(answer(418)), OutcomeClass::kTransient);
  spec.transient = "";
  EXPECT_EQ(Classifier::make(spec)->judge(answer(418)), OutcomeClass::kPermanent);
}

TEST(Classifier, A503ThatIsNotTransientIsNotMadeThrottled) {
  ClassifySpec spec;
  spec.transient = "500";
  EXPECT_EQ(Classifier::make(spec)->judge(answer(503, "2")), OutcomeClass::kPermanent);
}

TEST(Classifier, AListOfAnotherFormIsRefusedByName) {
  for (const char* key : {"success", "no_match", "throttled", "transient", "fatal"}) {
    ClassifySpec spec;
    std::string name = key;
    std::string& list = name == "success"     ? spec.success
                        : name == "no_match"  ? spec.no_match
                        : name == "throttled" ? spec.throttled
                        : name == "transient" ? spec.transient
                                              : spec.fatal;
    list = "5YY";
    auto classifier = Classifier::make(spec);
    ASSERT_FALSE(classifier) << key;
    EXPECT_EQ(classifier.error().code, ErrorCode::kSetting);
    EXPECT_THAT(classifier.error().text(),
                AllOf(HasSubstr("classify." + name), HasSubstr("5YY"), HasSubstr("5XX,!501")));
  }
}

TEST(Why, AnswersAreNamed) {
  EXPECT_EQ(why(answer(503)), "HTTP 503 Service Unavailable");
  EXPECT_EQ(why(answer(429)), "HTTP 429 Too Many Requests");
  EXPECT_EQ(why(answer(418)), "HTTP 418");
  EXPECT_THAT(why(answer(302)), AllOf(HasSubstr("HTTP 302"), HasSubstr("redirects are not followed")));
  EXPECT_THAT(why(answer(404)), Not(HasSubstr("redirects")));
}

TEST(Why, ErrorsAreNamedWithWhatTheSystemSaid) {
  for (TransportError error : kErrors) {
    Reply reply = broken(error);
    std::string alone = why(reply);
    EXPECT_FALSE(alone.empty());
    EXPECT_NE(alone, "unknown");
    EXPECT_FALSE(alone.ends_with(": ")) << alone;
    reply.detail = "Connection refused";
    EXPECT_EQ(why(reply), alone + ": Connection refused");
  }
  EXPECT_EQ(why(broken(TransportError::kTimeout)), "no answer in time");
}

TEST(FateUnknown, NotWhenNothingLeft) {
  for (TransportError error : kErrors) EXPECT_FALSE(fate_unknown(broken(error, false))) << name_of(error);
}

TEST(FateUnknown, WhenItMayHaveLeftAndNoWholeAnswerCame) {
  for (TransportError error : kErrors) {
    bool expected = error != TransportError::kCertificate;
    EXPECT_EQ(fate_unknown(broken(error)), expected) << name_of(error);
    // "200", and then the connection broke: the work may be done, its result is lost.
    EXPECT_EQ(fate_unknown(broken(error, true, 200)), expected) << name_of(error);
  }
}

TEST(FateUnknown, OnlyAnswersThatTellOfABreakOnTheWay) {
  for (int status = 100; status < 600; ++status) {
    bool expected = status >= 500 && status != 501 && status != 505;
    EXPECT_EQ(fate_unknown(answer(status)), expected) << status;
    // "Come back in two seconds" refuses the call.
    EXPECT_EQ(fate_unknown(answer(status, "2")), expected && status != 503) << status;
  }
}

}  // namespace
}  // namespace rowcall::policy
