// SPDX-License-Identifier: Apache-2.0
#include "policy/classify.h"

#include <string_view>

namespace rowcall::policy {
namespace {

Result<StatusList> list_of(const char* key, const std::string& text) {
  if (auto list = StatusList::parse(text)) return *list;
  return failure({ErrorCode::kSetting, std::string("classify.") + key, "\"" + text + "\"",
                  "a list of statuses such as \"5XX,!501,408\"", ""});
}

OutcomeClass judge_error(TransportError error) {
  switch (error) {
    case TransportError::kCertificate: return OutcomeClass::kFatal;
    case TransportError::kTooLarge: return OutcomeClass::kPermanent;
    default: return OutcomeClass::kTransient;
  }
}

struct Phrase {
  int status;
  std::string_view text;
};
constexpr Phrase kPhrases[] = {{400, "Bad Request"},
                               {401, "Unauthorized"},
                               {402, "Payment Required"},
                               {403, "Forbidden"},
                               {404, "Not Found"},
                               {405, "Method Not Allowed"},
                               {408, "Request Timeout"},
                               {409, "Conflict"},
                               {410, "Gone"},
                               {413, "Content Too Large"},
                               {415, "Unsupported Media Type"},
                               {422, "Unprocessable Content"},
                               {425, "Too Early"},
                               {429, "Too Many Requests"},
                               {500, "Internal Server Error"},
                               {501, "Not Implemented"},
                               {502, "Bad Gateway"},
                               {503, "Service Unavailable"},
                               {504, "Gateway Timeout"}};

std::string why_answered(int status) {
  std::string text = "HTTP " + std::to_string(status);
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) text.append(" ").append(phrase.text);
  }
  if (status >= 300 && status < 400) {
    text += " (redirects are not followed; put the final address into request.url)";
  }
  return text;
}

std::string_view why_error(TransportError error) {
  switch (error) {
    case TransportError::kNone: break;
    case TransportError::kResolve: return "the host name does not resolve";
    case TransportError::kConnect: return "no connection";
    case TransportError::kTls: return "TLS handshake failed";
    case TransportError::kCertificate: return "the server's certificate is not valid";
    case TransportError::kClosed: return "connection lost before the whole answer had come";
    case TransportError::kTimeout: return "no answer in time";
    case TransportError::kTooLarge: return "answer too large";
    case TransportError::kProtocol: return "the answer is not HTTP";
    case TransportError::kCancelled: return "the run was stopped";
  }
  return "unknown";
}

}  // namespace

Result<Classifier> Classifier::make(const ClassifySpec& spec) {
  Classifier classifier;
  struct Entry {
    const char* key;
    const std::string& text;
    StatusList& list;
  };
  for (const Entry& entry : {Entry{"fatal", spec.fatal, classifier.fatal_},
                             Entry{"throttled", spec.throttled, classifier.throttled_},
                             Entry{"no_match", spec.no_match, classifier.no_match_},
                             Entry{"success", spec.success, classifier.success_},
                             Entry{"transient", spec.transient, classifier.transient_}}) {
    auto list = list_of(entry.key, entry.text);
    if (!list) return failure(std::move(list).error());
    entry.list = *list;
  }
  return classifier;
}

OutcomeClass Classifier::judge(const Reply& reply) const {
  if (reply.error != TransportError::kNone) return judge_error(reply.error);
  if (fatal_.has(reply.status)) return OutcomeClass::kFatal;
  if (throttled_.has(reply.status)) return OutcomeClass::kThrottled;
  if (no_match_.has(reply.status)) return OutcomeClass::kNoMatch;
  if (success_.has(reply.status)) return OutcomeClass::kSuccess;
  if (transient_.has(reply.status)) {
    bool patience = reply.status == 503 && !reply.retry_after.empty();
    return patience ? OutcomeClass::kThrottled : OutcomeClass::kTransient;
  }
  return OutcomeClass::kPermanent;
}

std::string why(const Reply& reply) {
  if (reply.error == TransportError::kNone) return why_answered(reply.status);
  std::string text(why_error(reply.error));
  if (!reply.detail.empty()) text += ": " + reply.detail;
  return text;
}

bool fate_unknown(const Reply& reply) {
  if (!reply.on_wire) return false;
  if (reply.error != TransportError::kNone) return reply.error != TransportError::kCertificate;
  // 501 and 505 refuse the call as it stands.
  if (reply.status < 500 || reply.status == 501 || reply.status == 505) return false;
  return reply.status != 503 || reply.retry_after.empty();
}

}  // namespace rowcall::policy
